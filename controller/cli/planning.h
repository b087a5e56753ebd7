// From the command line to a plan: shared by plan, apply and upgrade.
#pragma once

#include "base/error.h"
#include "controller/cli/command.h"
#include "controller/cli/context.h"
#include "controller/cli/desired.h"
#include "controller/cli/document.h"
#include "controller/cli/running_configuration.h"
#include "controller/run/prepare.h"
#include "core/plan.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct Target {
  std::optional<std::string> to;       // version; none = what ensemble.yaml says
  std::optional<std::string> release;  // archive
  bool allow_outage = false;
};

// --to, --release and --allow-outage.
[[nodiscard]] std::vector<Option> TargetOptions(Target& target);

struct Planned {
  std::string kind;  // "apply", or "upgrade" when a version was named
  Desired desired;   // with the release of --to
  core::PlanInput input;
  core::Plan plan;
  Configurations running;
};

// Desired state, plugins included, with the release of `target`; asks no agent.
[[nodiscard]] base::Result<Desired> LoadTarget(Context& context, const Target& target);

// Asks all agents what is, and plans.
[[nodiscard]] Planned MakePlanned(Context& context,
                                  Agents& agents,
                                  Desired desired,
                                  const Target& target);

[[nodiscard]] std::string TextOf(const Planned& planned);
[[nodiscard]] Document DocumentOf(const Planned& planned);
// Says why the plan is refused and prints it in structured output; gives the exit code.
[[nodiscard]] ExitCode FailRefused(Context& context, const Planned& planned);

}  // namespace zoowarden::controller
