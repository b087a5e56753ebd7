#include "controller/cli/commands.h"
#include "controller/cli/ensemble_writer.h"
#include "controller/cli/named_agents.h"
#include "controller/cli/run_view.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct ShowOptions {
  std::string run_id;
  std::optional<std::string> agents;
  std::optional<std::string> write_ensemble;
};

// For a machine that has no ensemble.yaml: what most of the run's own agents agree on.
base::Status Write(Context& context, const Records& seen, const ShowOptions& options) {
  if (seen.agents == nullptr) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "run.no_agents",
                      "what a run leads to is written as the agents have it, and they cannot be "
                      "asked without a certificate; name one with --pki");
  }
  ZW_ASSIGN(const auto agreed, FindAgreedRun(*seen.journal, *seen.agents, options.run_id));
  for (const auto& text : agreed.differing) {
    context.Warn(text);
  }
  const auto& servers = agreed.run.file.spec.servers;
  if (agreed.asked < servers.size()) {
    std::string all;
    for (const auto& server : servers) {
      all += (all.empty() ? "" : ",") + server.agent;
    }
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "run.other_agents",
                      "the run has " + std::to_string(servers.size()) + " servers and " +
                          std::to_string(agreed.asked) +
                          " of their agents are asked; say --agents " + all);
  }
  ZW_TRY(WriteEnsemble(agreed.run.file, *options.write_ensemble));
  context.Say("the desired state of the run is in " + *options.write_ensemble);
  return base::Ok();
}

ExitCode Show(Context& context, const ShowOptions& options) {
  const auto seen = OpenRecordsOf(context, options.agents);
  if (!seen) {
    return context.Fail(seen.error());
  }
  const auto run = FindRun(seen->journal.get(), seen->agents.get(), options.run_id);
  if (!run) {
    return context.Fail(run.error());
  }
  if (options.write_ensemble) {
    if (const auto written = Write(context, *seen, options); !written) {
      return context.Fail(written.error());
    }
  }
  context.Print(RunDocument(*run), RunText(*run, context.flags().verbose));
  return ExitCode::kOk;
}

}  // namespace

Command RunsShowCommand() {
  auto options = std::make_shared<ShowOptions>();
  return {.name = "runs show",
          .summary = "what one run did: when, why, how long, with every gate's evidence",
          .examples = {{"zoowarden runs show 20261122-140501-3f9a", "the whole story"},
                       {"zoowarden runs show 20261122-140501-3f9a -o json", "for scripts"}},
          .details =
              "Told from the run's record alone; the ensemble is not asked. On a machine that "
              "has nothing but a certificate, --agents reaches the record, --write-ensemble "
              "ensemble.yaml makes the file that every other command reads, and `zoowarden resume` "
              "goes on with the run.",
          .options = {{.name = "ID",
                       .value_name = "ID",
                       .help = "from `zoowarden runs list`",
                       .target = &options->run_id,
                       .required = true},
                      AgentsOption(options->agents),
                      {.name = "--write-ensemble",
                       .value_name = "FILE",
                       .help = "write what the run leads to into this new file, as an "
                               "ensemble.yaml",
                       .target = &options->write_ensemble}},
          .run = [options](Context& context) { return Show(context, *options); }};
}

}  // namespace zoowarden::controller
