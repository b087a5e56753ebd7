#include "controller/cli/commands.h"
#include "controller/cli/named_agents.h"
#include "controller/cli/run_view.h"

#include <memory>

namespace zoowarden::controller {

namespace {

ExitCode List(Context& context, const std::optional<std::string>& agents) {
  const auto seen = OpenRecordsOf(context, agents);
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
  auto agents = std::make_shared<std::optional<std::string>>();
  return {.name = "runs list",
          .summary = "all runs of the ensemble, newest first",
          .examples = {{"zoowarden runs list", "from this machine and from the agents' copies"},
                       {"zoowarden runs list -o json", "for scripts"},
                       {"zoowarden runs list --agents zk1:7443,zk2:7443,zk3:7443",
                        "on a machine that has nothing but a certificate"}},
          .details =
              "What one of them leads to is written as an ensemble.yaml by `zoowarden runs show`, "
              "and `zoowarden resume` goes on with it.",
          .options = {AgentsOption(*agents)},
          .run = [agents](Context& context) { return List(context, *agents); }};
}

}  // namespace zoowarden::controller
