// From the command line to a plan: shared by plan, apply and upgrade.
#pragma once

#include "base/error.h"
#include "controller/cli/command.h"
#include "controller/cli/context.h"
#include "controller/cli/desired.h"
#include "controller/cli/document.h"
#include "controller/cli/plan_file.h"
#include "controller/cli/run_records.h"
#include "controller/cli/running_configuration.h"
#include "controller/run/prepare.h"
#include "core/plan_moves.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

// What a member that is down is started on.
enum class RepairBy {
  kRestart,   // what is installed there
  kDesired,   // what ensemble.yaml says
  kPrevious,  // what was there before the last run that changed it
};

struct Target {
  std::string kind = "apply";          // of the run
  std::optional<std::string> to;       // version; none = what ensemble.yaml says
  std::optional<std::string> release;  // archive
  bool allow_outage = false;
  core::PlanScope scope = core::PlanScope::kAll;
  std::vector<config::SettingEdit> edits;  // of ensemble.yaml, before all else
  std::vector<std::string> servers;  // of kRestart and kRepair, ids; empty = all (that are down)
  RepairBy repair_by = RepairBy::kRestart;
};

// --to, --release and --allow-outage.
[[nodiscard]] std::vector<Option> TargetOptions(Target& target);

struct Planned {
  Desired desired;  // with the release of --to
  core::PlanInput input;
  core::Plan plan;
  core::ApprovedPlan approved;  // what of it is approved; its kind is that of the run
  Configurations running;
  Configurations earlier;
  PlanStamp stamp;  // of now; of the file that is carried out, where there is one
  std::optional<KnownRun> interrupted;    // FindInterrupted
  std::optional<KnownRun> failed_before;  // FindFailedBefore
};

// Desired state, plugins included, with the release of `target`; asks no agent.
[[nodiscard]] base::Result<Desired> LoadTarget(Context& context, const Target& target);

// Asks all agents what is, and plans. kInvalidArgument `usage.unknown_server` of a restart.
[[nodiscard]] base::Result<Planned> MakePlanned(Context& context,
                                                Agents& agents,
                                                Desired desired,
                                                const Target& target);

// A run that was interrupted must be ended before another begins: its plan may still be half
// carried out. The error is `run.open` and says what to do.
[[nodiscard]] std::optional<KnownRun> FindInterrupted(const KnownRuns& known);
[[nodiscard]] base::Error InterruptedError(const KnownRun& run);

// What the plan in a file was made for, to be planned again.
[[nodiscard]] Target TargetOf(const core::ApprovedPlan& approved);
// kFailedPrecondition with the first of `plan.moved_*`: `now` is not the plan of the file any more,
// and what has moved.
[[nodiscard]] base::Status RefuseMoved(const PlanFile& file, const Planned& now);

[[nodiscard]] std::string DigestOf(const Planned& planned);
[[nodiscard]] std::string TextOf(const Planned& planned);
[[nodiscard]] Document DocumentOf(const Planned& planned);
// Says why the plan is refused and prints it in structured output; gives the exit code.
[[nodiscard]] ExitCode FailRefused(Context& context, const Planned& planned);

}  // namespace zoowarden::controller
