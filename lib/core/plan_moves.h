// What a plan that somebody approved holds, and what has moved since it was made. Pure.
#pragma once

#include "core/plan.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::core {

// Key of the desired state, spelled as in ensemble.yaml ("config.settings.tickTime"), to its value
// as it may be shown. Secrets are masked; that one of them moved is seen by the generations.
using DesiredValues = std::map<std::string, std::string>;

struct PlannedServer {
  model::ServerId id;
  model::Generation from;
  model::Generation to;
  bool operator==(const PlannedServer&) const = default;
};

struct ApprovedPlan {
  std::string ensemble;
  std::string kind;  // "apply", "upgrade"
  bool allow_outage = false;
  // What ensemble.yaml itself says, which an upgrade replaces when it has succeeded.
  model::ReleaseSpec declared;
  model::ReleaseSpec release;  // that all servers shall run
  std::optional<model::ServerId> leader;
  std::vector<PlannedServer> servers;  // all that are declared, by id
  std::vector<model::ServerId> order;  // of the steps
  DesiredValues desired;
};

// `now` is a plan of what is there now, for the same release. Empty: it is the same plan. Each
// refusal names what moved: `plan.moved_membership`, `plan.moved_release`, `plan.moved_desired`,
// `plan.moved_generation`, `plan.moved_leader`, `plan.moved_order`.
[[nodiscard]] std::vector<Refusal> FindMoves(const ApprovedPlan& approved, const ApprovedPlan& now);

// Every server runs what the plan leads to and the desired state is the plan's: it was carried out.
[[nodiscard]] bool IsCarriedOut(const ApprovedPlan& approved, const ApprovedPlan& now);

}  // namespace zoowarden::core
