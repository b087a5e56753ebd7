// What the desired state of a run is against what this machine's ensemble.yaml says.
#pragma once

#include "config/ensemble_file.h"
#include "controller/cli/context.h"
#include "controller/cli/run_records.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

// A sentence for each key that differs; empty = the file says what the run leads to. Plugins are
// not asked: what they gave the run is a difference.
[[nodiscard]] std::vector<std::string> DifferencesFrom(const RunFile& run,
                                                       const config::LoadedEnsemble& file);

// Who takes a run over elsewhere is told that, before he is asked.
void TellDesired(Context& context, const KnownRun& run, const config::LoadedEnsemble& here);

// And once he has said yes, what the run leads to is in the new file that he named; the errors are
// those of WriteEnsemble.
[[nodiscard]] base::Status WriteDesired(Context& context,
                                        const KnownRun& run,
                                        const std::string& write_to);

}  // namespace zoowarden::controller
