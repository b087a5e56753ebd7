// Whether a run that a record tells of may be gone on with here, by ensemble.yaml.
#pragma once

#include "base/error.h"
#include "controller/cli/context.h"
#include "controller/run/run_file.h"

namespace zoowarden::controller {

// In both directions: the run is about these servers and no others. kFailedPrecondition
// `run.servers_changed`.
[[nodiscard]] base::Status CheckServers(const RunFile& run, const model::EnsembleSpec& here);

// A record may come from an agent, and an agent may be in other hands: it must not name programs to
// run here or files to send. kFailedPrecondition `run.checks_changed`, `run.release_changed`,
// `release.wrong_digest`.
[[nodiscard]] base::Status CheckRecord(const model::EnsembleSpec& run,
                                       const model::EnsembleSpec& here);

// Records hold no secrets: their values come from ensemble.yaml and its plugins again. The digests
// of the plan are checked by the agents, so another value than the approved one is refused there.
// kFailedPrecondition `run.secret_missing`.
[[nodiscard]] base::Status RestoreSecrets(Context& context, model::EnsembleSpec& spec);

}  // namespace zoowarden::controller
