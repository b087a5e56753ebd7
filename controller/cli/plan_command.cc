#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/planning.h"
#include "controller/cli/rolled_back.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct PlanOptions {
  Target target;
  bool detailed_exit_code = false;
  bool restart = false;
};

base::Result<Target> TargetAsked(const PlanOptions& options) {
  auto target = options.target;
  if (!options.restart && target.servers.empty()) {
    target.kind = target.to ? "upgrade" : "apply";
    return target;
  }
  if (!options.restart || target.to) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.restart_alone",
                      options.restart ? "--restart plans no release: leave --to away"
                                      : "--server names whom to restart: say --restart too");
  }
  target.kind = "restart";
  target.scope = core::PlanScope::kRestart;
  return target;
}

ExitCode Plan(Context& context, const PlanOptions& options) {
  const auto target = TargetAsked(options);
  if (!target) {
    return context.Fail(target.error());
  }
  auto desired = LoadTarget(context, *target);
  if (!desired) {
    return context.Fail(desired.error());
  }
  const auto connected = Connect(context, desired->file);
  if (!connected) {
    return context.Fail(connected.error());
  }
  auto made = MakePlanned(context, *connected->agents, std::move(*desired), *target);
  if (!made) {
    return context.Fail(made.error());
  }
  auto& planned = *made;
  const auto journal = OpenJournalToRead(context, planned.input.spec.name);
  if (!journal) {
    context.Warn(journal.error().message());
  }
  // The plan is of what is there now; nothing can be rolled before that run is ended.
  const auto known = CollectRuns(journal ? journal->get() : nullptr, connected->agents.get());
  planned.interrupted = FindInterrupted(known);
  planned.failed_before = FindFailedBefore(known, planned.input);
  if (planned.interrupted) {
    context.Warn(InterruptedError(*planned.interrupted).message());
  }
  if (planned.failed_before && !planned.plan.NothingToDo()) {
    context.Warn("run " + planned.failed_before->record.run_id + " " +
                 HowItFailed(*planned.failed_before) + "; `zoowarden apply` needs --retry");
  }
  if (!planned.plan.refusals.empty()) {
    if (!context.structured()) {
      context.Print({}, TextOf(planned));
    }
    return FailRefused(context, planned);
  }
  context.Print(DocumentOf(planned), TextOf(planned));
  return options.detailed_exit_code && !planned.plan.NothingToDo() ? ExitCode::kChanges
                                                                   : ExitCode::kOk;
}

}  // namespace

Command PlanCommand() {
  auto options = std::make_shared<PlanOptions>();
  auto flags = TargetOptions(options->target);
  flags.push_back({.name = "--detailed-exitcode",
                   .help = "exit 3 when there is something to do",
                   .target = &options->detailed_exit_code});
  flags.push_back({.name = "--restart",
                   .help = "a plan that starts servers again on what they run",
                   .target = &options->restart});
  flags.push_back({.name = "--server",
                   .value_name = "ID",
                   .help = "with --restart: this one; may be given again (default: all)",
                   .target = &options->target.servers});
  return {
      .name = "plan",
      .summary = "what would be done, in which order and why; changes nothing",
      .examples = {{"zoowarden plan", "what ensemble.yaml asks for"},
                   {"zoowarden plan --to 3.9.4 --release zk-3.9.4.tar.gz", "an upgrade"},
                   {"zoowarden plan -o json > plan.json", "for `approve` and `apply plan.json`"},
                   {"zoowarden plan --detailed-exitcode", "exit 3 = there are changes"}},
      .options = std::move(flags),
      .run = [options](Context& context) { return Plan(context, *options); }};
}

}  // namespace zoowarden::controller
