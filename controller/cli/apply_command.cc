#include "controller/cli/commands.h"
#include "controller/cli/driving.h"
#include "controller/cli/planning.h"

#include <memory>
#include <ostream>

namespace zoowarden::controller {

namespace {

void ShowPlan(Context& context, const Planned& planned) {
  // With structured output stdout belongs to the document at the end.
  (context.structured() ? context.console().err : context.console().out)
      << TextOf(planned) << std::flush;
}

std::string Question(const Planned& planned) {
  return "restart " + std::to_string(planned.plan.steps.size()) + " servers of ensemble " +
         planned.input.spec.name + "?";
}

ExitCode Roll(Context& context, Workplace& workplace, const Planned& planned) {
  auto& world = context.world();
  const auto now = world.clock.WallTime().count();
  auto run = MakeRun(planned.input,
                     {.run_id = MakeRunId(now, world.random()),
                      .kind = planned.kind,
                      .holder = workplace.connected.identity,
                      .created_ms = now});
  const auto run_id = run.state.run_id;
  const auto write = [&] {
    WriteRelease(context, planned.desired.file, planned.input.spec.release);
  };
  const auto result = DriveRun(context, workplace, {.run = std::move(run), .on_success = write});
  return ReportRun(context, workplace, result, {.run_id = run_id});
}

ExitCode Apply(Context& context, const Target& target) {
  auto desired = LoadTarget(context, target);
  if (!desired) {
    return context.Fail(desired.error());
  }
  auto workplace = OpenWorkplace(context, desired->file);
  if (!workplace) {
    return context.Fail(workplace.error());
  }
  auto& agents = *workplace->connected.agents;
  auto planned = MakePlanned(context, agents, std::move(*desired), target);
  planned.interrupted = FindInterrupted(workplace->journal.get(), agents);
  if (planned.plan.NothingToDo()) {
    context.Print(DocumentOf(planned), TextOf(planned));
    return ExitCode::kOk;
  }
  ShowPlan(context, planned);
  if (planned.interrupted) {
    return context.Fail(InterruptedError(*planned.interrupted));
  }
  if (!planned.plan.refusals.empty()) {
    return FailRefused(context, planned);
  }
  const auto confirmed = context.Confirm(Question(planned));
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    context.Say("nothing was changed");
    return ExitCode::kError;
  }
  return Roll(context, *workplace, planned);
}

}  // namespace

Command ApplyCommand() {
  auto target = std::make_shared<Target>();
  return {
      .name = "apply",
      .summary = "make the ensemble what ensemble.yaml says, one server at a time",
      .examples = {{"zoowarden apply", "plan, ask, roll"},
                   {"zoowarden apply --yes", "without asking, for scripts"}},
      .details =
          "Release and configuration that changed together restart each server once. "
          "Typing it again changes nothing.",
      .options = {{.name = "--allow-outage",
                   .help = "with one or two voters: accept that a restart takes the quorum away",
                   .target = &target->allow_outage}},
      .run = [target](Context& context) { return Apply(context, *target); }};
}

Command UpgradeCommand() {
  auto target = std::make_shared<Target>();
  auto options = TargetOptions(*target);
  options.front().required = true;
  return {
      .name = "upgrade",
      .summary = "roll the ensemble to a release, one server at a time",
      .examples = {{"zoowarden upgrade --to 3.9.4 --release zk-3.9.4.tar.gz", "plan, ask, roll"},
                   {"zoowarden upgrade --to 3.9.4 --yes", "the archive is beside the old one"}},
      .details =
          "Settings that changed in ensemble.yaml are rolled out in the same restarts. When "
          "the run has succeeded, ensemble.yaml says the new release; after a rollback "
          "it is unchanged.",
      .options = std::move(options),
      .run = [target](Context& context) { return Apply(context, *target); }};
}

}  // namespace zoowarden::controller
