// From what should be and what is to an ordered list of steps with their reasons. Pure: the same
// input gives the same plan.
#pragma once

#include "core/quorum.h"
#include "core/version_rules.h"
#include "model/ensemble.h"
#include "model/observation.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::core {

// An open list: reconfigure, drain and undrain are kinds of their own.
enum class StepKind {
  kRestart,
  kStart,  // of a member that is down
};
[[nodiscard]] std::string_view StepKindName(StepKind kind);  // "restart", "start"

struct PlanStep {
  StepKind kind = StepKind::kRestart;
  model::ServerId server;
  model::Mode mode = model::Mode::kUnknown;  // when the plan was made
  model::Generation from;
  model::Generation to;
  bool release_changes = false;
  bool configuration_changes = false;
  QuorumArithmetic arithmetic;
  std::string why_here;  // "follower, before the leader"
};

struct Refusal {
  std::string reason;  // stable machine-readable code
  std::string text;
};

struct Plan {
  std::vector<PlanStep> steps;    // in order
  std::vector<Refusal> refusals;  // not empty: the plan must not be run
  std::vector<std::string> warnings;
  std::vector<std::string> checks;  // what every step is gated on
  std::string way_back;
  std::optional<model::ServerId> leader;

  [[nodiscard]] bool NothingToDo() const { return steps.empty() && refusals.empty(); }
};

// What the person who asks wants to touch: anything else that differs is refused, not left out.
enum class PlanScope {
  kAll,
  kConfiguration,  // no release
  kRestart,        // nothing: servers are started again on what they run
  kRepair,         // members that are down, and no other
};

struct PlanInput {
  model::EnsembleSpec spec;
  std::map<model::ServerId, model::Generation> wanted;  // computed from the spec, per server
  std::vector<model::MemberObservation> seen;           // one a declared server
  bool allow_outage = false;
  PlanScope scope = PlanScope::kAll;
  std::set<model::ServerId> restart;  // of kRestart
  std::set<model::ServerId> repair;   // of kRepair
};

[[nodiscard]] Plan MakePlan(const PlanInput& input);

// Voting order of a roll: observers, then followers by id, the leader last.
[[nodiscard]] std::vector<model::ServerId> RollOrder(const std::vector<model::Member>& members,
                                                     std::optional<model::ServerId> leader);

// Of members that are down: participants by id, then observers, who need a quorum to follow.
[[nodiscard]] std::vector<model::ServerId> StartOrder(const std::vector<model::Member>& declared);

// The same version from the same archive.
[[nodiscard]] bool SameRelease(const model::Generation& a, const model::Generation& b);

[[nodiscard]] std::vector<model::Member> DeclaredMembers(const model::EnsembleSpec& spec);

}  // namespace zoowarden::core
