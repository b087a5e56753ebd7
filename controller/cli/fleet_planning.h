// The plans of a fleet's ensembles, made together by the command `plan` of each.
#pragma once

#include "controller/cli/fleet_options.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

struct EnsemblePlan {
  bool asked = true;
  std::string run_id;             // that is gone on with; empty = one is begun
  ExitCode code = ExitCode::kOk;  // of `zoowarden plan`, or of `zoowarden resume --check`
  Document document;              // what that prints with -o json; null when it failed
  std::size_t restarts = 0;
  std::size_t servers = 0;
  std::size_t done = 0;  // of them, by the run that is gone on with
  std::string version;   // that it leads to
  std::string reason;    // why there is no plan, or why it is refused: the error's
  std::string problem;
  std::vector<std::string> warnings;
  std::string desired;  // DesiredDigest; empty when there is no document
  [[nodiscard]] bool Good() const { return code == ExitCode::kOk; }
};

struct FleetPlan {
  std::vector<EnsemblePlan> ensembles;  // in the order of the fleet
  std::size_t restarts = 0;
  std::size_t to_change = 0;  // ensembles
  std::size_t bad = 0;        // ensembles
};

// Asks all agents of the fleet; changes nothing.
[[nodiscard]] FleetPlan MakeFleetPlan(Context& context,
                                      const config::LoadedFleet& fleet,
                                      const FleetTarget& target);
struct EnsembleQuestion {
  bool asked = true;   // false: its plan is empty, and not shown
  std::string run_id;  // whether that run may be gone on with; empty = what would be begun
};
[[nodiscard]] FleetPlan MakeFleetPlan(Context& context,
                                      const config::LoadedFleet& fleet,
                                      const FleetTarget& target,
                                      const std::vector<EnsembleQuestion>& questions);

[[nodiscard]] Document FleetPlanDocument(Context& context,
                                         const config::LoadedFleet& fleet,
                                         const FleetPlan& plan);
[[nodiscard]] std::string FleetPlanText(Context& context,
                                        const config::LoadedFleet& fleet,
                                        const FleetPlan& plan);

}  // namespace zoowarden::controller
