// What `fleet status` says, from what the agents answered and the record of the rollout. Pure.
#pragma once

#include "config/fleet_file.h"
#include "controller/cli/document.h"
#include "controller/fleet/fleet_record.h"
#include "controller/run/fleet_agents.h"
#include "pki/x509.h"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct FleetStatusInput {
  const config::LoadedFleet& fleet;
  std::vector<EnsembleAnswer> answers;  // in the order of the fleet
  std::optional<FleetRecord> record;    // of the last rollout on this machine
  std::string record_problem;           // why it cannot be read
  bool rolling = false;                 // a process carries it out
  std::set<std::string> gone;           // of the ensembles' processes (FleetEntry::process)
  std::vector<std::string> flags;       // one an ensemble: what a typed command needs to mean it
  std::chrono::milliseconds took{0};    // from the question to the last answer
  pki::UnixTime now{0};
};

struct EnsembleStatus {
  std::string wave;
  bool healthy = false;
  // Not healthy, and all that is the matter is the one server that the rollout restarts now.
  bool rolling = false;
  std::size_t serving = 0;
  std::optional<model::ServerId> leader;
  std::string versions;   // "3.9.4", "3.8.4, 3.9.4"
  std::string operation;  // "server 2: verifying"
  std::string state;      // in the rollout, or empty; "stopping": asked to, and not yet there
  bool left = false;      // begun, and nobody carries it out
  std::string message;    // why it failed there
  std::string run;
  std::string next;
  std::vector<std::string> problems;
};

struct FleetStatusView {
  std::vector<EnsembleStatus> ensembles;
  std::size_t healthy = 0;
  std::size_t rolling = 0;
  std::size_t agents = 0;
  std::size_t answered = 0;
  bool rollout_open = false;
  std::size_t failed = 0;  // of an open rollout
  bool readable = true;    // its record
  [[nodiscard]] bool good() const {
    return healthy + rolling == ensembles.size() && failed == 0 && readable;
  }
};

[[nodiscard]] FleetStatusView MakeFleetStatusView(const FleetStatusInput& input);
[[nodiscard]] Document FleetStatusDocument(const FleetStatusInput& input,
                                           const FleetStatusView& view);
[[nodiscard]] std::string FleetStatusText(const FleetStatusInput& input,
                                          const FleetStatusView& view);

}  // namespace zoowarden::controller
