#include "controller/cli/running_configuration.h"

#include "config/digests.h"
#include "controller/cli/connection.h"
#include "controller/cli/run_records.h"
#include "controller/run/prepare.h"

#include <algorithm>

namespace zoowarden::controller {
namespace {

// A run that settled or repaired a server may have started it on something else than its
// ensemble.yaml said.
bool LedTo(const KnownRun& run, model::ServerId id, const std::string& configuration_digest) {
  const auto& state = run.file.state;
  return !state.settlement && !core::IsRepair(state) &&
         std::any_of(
             state.servers.begin(), state.servers.end(), [&](const core::ServerRun& server) {
               return server.id == id && server.target.configuration_digest == configuration_digest;
             });
}

}  // namespace

Configurations RunningConfigurations(Context& context,
                                     Agents& agents,
                                     const core::PlanInput& input) {
  const auto journal = OpenJournalToRead(context, input.spec.name);
  const auto known = CollectRuns(journal ? journal->get() : nullptr, &agents);
  Configurations running;
  for (const auto& seen : input.seen) {
    if (!seen.current) {
      continue;
    }
    auto same = input.spec.config;
    same.settings = seen.settings;
    if (config::ConfigurationDigest(same) == seen.current->configuration_digest) {
      running[seen.id] = std::move(same);
      continue;
    }
    const auto run = std::find_if(known.runs.begin(), known.runs.end(), [&](const KnownRun& one) {
      return LedTo(one, seen.id, seen.current->configuration_digest);
    });
    if (run != known.runs.end()) {
      running[seen.id] = run->file.spec.config;
    }
  }
  return running;
}

Configurations EarlierConfigurations(Context& context,
                                     Agents& agents,
                                     const core::PlanInput& input,
                                     const core::Plan& plan) {
  const auto journal = OpenJournalToRead(context, input.spec.name);
  const auto known = CollectRuns(journal ? journal->get() : nullptr, &agents);
  Configurations earlier;
  for (const auto& step : plan.steps) {
    const auto& digest = step.to.configuration_digest;
    const auto run = std::find_if(known.runs.begin(), known.runs.end(), [&](const KnownRun& one) {
      return one.agreed && LedTo(one, step.server, digest);
    });
    const auto* server =
        run == known.runs.end() ? nullptr : model::FindServer(run->file.spec, step.server);
    if (server != nullptr) {
      earlier[step.server] = ConfigurationOf(run->file.spec, *server);
    }
  }
  return earlier;
}

}  // namespace zoowarden::controller
