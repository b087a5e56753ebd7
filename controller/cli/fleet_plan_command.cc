#include "base/counted.h"
#include "controller/cli/commands.h"
#include "controller/cli/error_output.h"
#include "controller/cli/fleet_planning.h"

#include <algorithm>
#include <memory>

namespace zoowarden::controller {

namespace {

struct FleetPlanOptions {
  std::optional<std::string> file;
  FleetTarget target;
  bool detailed_exit_code = false;
};

// Of the first ensemble that has no plan.
base::Error BadPlans(const config::LoadedFleet& fleet, const FleetPlan& plan) {
  const auto first = std::find_if(
      plan.ensembles.begin(), plan.ensembles.end(), [](const auto& one) { return !one.Good(); });
  const auto index = static_cast<std::size_t>(first - plan.ensembles.begin());
  return {first->code == ExitCode::kRefused ? base::ErrorCode::kFailedPrecondition
                                            : base::ErrorCode::kUnavailable,
          "fleet.bad_plans",
          std::to_string(plan.bad) + " of " + base::Counted(plan.ensembles.size(), "ensemble") +
              " without a plan that can be carried out, the first is " +
              fleet.ensembles[index].file.spec.name + ": " + first->problem};
}

ExitCode PlanOfFleet(Context& context, const FleetPlanOptions& options) {
  const auto fleet = LoadFleet(context, options.file);
  if (!fleet) {
    return context.Fail(fleet.error());
  }
  const auto plan = MakeFleetPlan(context, *fleet, options.target);
  auto document = FleetPlanDocument(context, *fleet, plan);
  if (plan.bad > 0) {
    const auto error = BadPlans(*fleet, plan);
    document.Set("error", *ErrorDocument(error).Find("error"));
    context.Print(document, FleetPlanText(context, *fleet, plan));
    context.SayError(error);
    return ExitCodeOf(error);
  }
  context.Print(document, FleetPlanText(context, *fleet, plan));
  return options.detailed_exit_code && plan.to_change > 0 ? ExitCode::kChanges : ExitCode::kOk;
}

}  // namespace

Command FleetPlanCommand() {
  auto options = std::make_shared<FleetPlanOptions>();
  auto flags = FleetTargetOptions(options->target);
  flags.insert(flags.begin(), FleetOption(options->file));
  flags.push_back({.name = "--detailed-exitcode",
                   .help = "exit 3 when there is something to do",
                   .target = &options->detailed_exit_code});
  return {.name = "fleet plan",
          .summary = "what would be done to which ensemble, and in which wave; changes nothing",
          .examples = {{"zoowarden fleet plan", "what each ensemble.yaml asks for"},
                       {"zoowarden fleet plan --to 3.9.4 --release zk-3.9.4.tar.gz", "an upgrade"},
                       {"zoowarden fleet plan -o json", "with the whole plan of each ensemble"}},
          .details =
              "Asks the agents of all ensembles. Exit code 5 when an ensemble's plan is refused, 1 "
              "when one could not be made.",
          .options = std::move(flags),
          .run = [options](Context& context) { return PlanOfFleet(context, *options); }};
}

}  // namespace zoowarden::controller
