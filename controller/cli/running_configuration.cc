#include "controller/cli/running_configuration.h"

#include "config/digests.h"
#include "controller/cli/connection.h"
#include "controller/cli/run_records.h"

#include <algorithm>

namespace zoowarden::controller {
namespace {

// One that settled a server changed nobody's configuration.
bool LedTo(const KnownRun& run, const model::MemberObservation& seen) {
  const auto& servers = run.file.state.servers;
  return !run.file.state.settlement &&
         std::any_of(servers.begin(), servers.end(), [&](const core::ServerRun& server) {
           return server.id == seen.id &&
                  server.target.configuration_digest == seen.current->configuration_digest;
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
      return LedTo(one, seen);
    });
    if (run != known.runs.end()) {
      running[seen.id] = run->file.spec.config;
    }
  }
  return running;
}

}  // namespace zoowarden::controller
