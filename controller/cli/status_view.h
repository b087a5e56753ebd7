// What `status` says, from what the agents answered. Pure.
#pragma once

#include "controller/cli/document.h"
#include "controller/cli/ending_certificates.h"
#include "controller/cli/run_records.h"
#include "controller/run/agents.h"
#include "model/ensemble.h"
#include "model/observation.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct StatusInput {
  const model::EnsembleSpec& spec;
  std::vector<model::MemberObservation> seen;  // one a server, in the order of the spec
  std::vector<Answer<Lease>> leases;
  KnownRuns runs;
  OwnCertificate own;  // of this controller
  // What each should run; empty: not known without running plugins, and nothing is compared.
  std::map<model::ServerId, model::Generation> wanted;
  pki::UnixTime now{0};
};

struct StatusView {
  std::optional<model::ServerId> leader;
  std::vector<std::string> warnings;      // the ensemble serves, but look at this
  std::vector<std::string> problems;      // what makes it unhealthy
  std::vector<std::string> states;        // one a member: MemberState, or "refuses"
  bool denied = false;                    // every agent refuses this certificate
  std::optional<Lease> holder;            // of the newest lease that has not lapsed
  std::vector<EndingCertificate> ending;  // each with a warning
  [[nodiscard]] bool healthy() const { return problems.empty(); }
};

// "serving", "not_serving", "standalone", "read_only", "down", "unreachable", "unknown".
[[nodiscard]] std::string MemberState(const model::MemberObservation& seen);

[[nodiscard]] StatusView MakeStatusView(const StatusInput& input);
[[nodiscard]] Document StatusDocument(const StatusInput& input, const StatusView& view);
[[nodiscard]] std::string StatusText(const StatusInput& input, const StatusView& view);

}  // namespace zoowarden::controller
