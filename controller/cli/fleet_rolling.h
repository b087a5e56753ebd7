// A rollout of a fleet at a command line: a new one, or one that goes on.
#pragma once

#include "controller/cli/fleet_options.h"

#include <optional>
#include <string>

namespace zoowarden::controller {

struct FleetRollOptions {
  std::optional<std::string> file;
  std::string verb = "apply";  // or "upgrade"
  FleetTarget target;
  bool leave_open = false;  // an earlier rollout that is not over
};

// Plans all ensembles, shows it, asks, and rolls them.
[[nodiscard]] ExitCode BeginRollout(Context& context, const FleetRollOptions& options);

struct FleetResumeOptions {
  std::optional<std::string> file;
  bool retry = false;  // what has failed
};

[[nodiscard]] ExitCode ResumeRollout(Context& context, const FleetResumeOptions& options);

}  // namespace zoowarden::controller
