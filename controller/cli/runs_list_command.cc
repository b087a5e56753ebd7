#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/run_view.h"

namespace zoowarden::controller {

namespace {

ExitCode List(Context& context) {
  const auto seen = OpenRecords(context);
  if (!seen) {
    return context.Fail(seen.error());
  }
  const auto known = CollectRuns(seen->journal.get(), seen->agents.get());
  for (const auto& problem : known.problems) {
    context.Warn(problem.text);
  }
  Document runs{Document::List()};
  for (const auto& run : known.runs) {
    runs.Add(RunSummaryDocument(run));
  }
  context.Print(Document::Map({{"schema_version", 1}, {"runs", std::move(runs)}}),
                RunTable(known.runs));
  return ExitCode::kOk;
}

}  // namespace

Command RunsListCommand() {
  return {.name = "runs list",
          .summary = "all runs of the ensemble, newest first",
          .examples = {{"zoowarden runs list", "from this machine and from the agents' copies"},
                       {"zoowarden runs list -o json", "for scripts"}},
          .run = List};
}

}  // namespace zoowarden::controller
