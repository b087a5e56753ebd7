#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/planning.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct PlanOptions {
  Target target;
  bool detailed_exit_code = false;
};

ExitCode Plan(Context& context, const PlanOptions& options) {
  auto desired = LoadTarget(context, options.target);
  if (!desired) {
    return context.Fail(desired.error());
  }
  const auto connected = Connect(context, desired->file);
  if (!connected) {
    return context.Fail(connected.error());
  }
  auto made = MakePlanned(context, *connected->agents, std::move(*desired), options.target);
  if (!made) {
    return context.Fail(made.error());
  }
  auto& planned = *made;
  const auto journal = OpenJournalToRead(context, planned.input.spec.name);
  if (!journal) {
    context.Warn(journal.error().message());
  }
  // The plan is of what is there now; nothing can be rolled before that run is ended.
  planned.interrupted = FindInterrupted(journal ? journal->get() : nullptr, *connected->agents);
  if (planned.interrupted) {
    context.Warn(InterruptedError(*planned.interrupted).message());
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
  return {.name = "plan",
          .summary = "what would be done, in which order and why; changes nothing",
          .examples = {{"zoowarden plan", "what ensemble.yaml asks for"},
                       {"zoowarden plan --to 3.9.4 --release zk-3.9.4.tar.gz", "an upgrade"},
                       {"zoowarden plan --detailed-exitcode", "exit 3 = there are changes"}},
          .options = std::move(flags),
          .run = [options](Context& context) {
            options->target.kind = options->target.to ? "upgrade" : "apply";
            return Plan(context, *options);
          }};
}

}  // namespace zoowarden::controller
