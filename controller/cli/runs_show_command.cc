#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/run_view.h"

#include <memory>

namespace zoowarden::controller {

namespace {

ExitCode Show(Context& context, const std::string& run_id) {
  const auto seen = OpenRecords(context);
  if (!seen) {
    return context.Fail(seen.error());
  }
  const auto run = FindRun(seen->journal.get(), seen->agents.get(), run_id);
  if (!run) {
    return context.Fail(run.error());
  }
  context.Print(RunDocument(*run), RunText(*run, context.flags().verbose));
  return ExitCode::kOk;
}

}  // namespace

Command RunsShowCommand() {
  auto run_id = std::make_shared<std::string>();
  return {.name = "runs show",
          .summary = "what one run did: when, why, how long, with every gate's evidence",
          .examples = {{"zoowarden runs show 20261122-140501-3f9a", "the whole story"},
                       {"zoowarden runs show 20261122-140501-3f9a -o json", "for scripts"}},
          .details = "Told from the run's record alone; the ensemble is not asked.",
          .options = {{.name = "ID",
                       .value_name = "ID",
                       .help = "from `zoowarden runs list`",
                       .target = run_id.get(),
                       .required = true}},
          .run = [run_id](Context& context) { return Show(context, *run_id); }};
}

}  // namespace zoowarden::controller
