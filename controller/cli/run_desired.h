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

// Who takes a run over elsewhere is told that, and has what the run leads to in a new file when he
// names one; the errors are those of WriteEnsemble.
[[nodiscard]] base::Status TellDesired(Context& context,
                                       const KnownRun& run,
                                       const config::LoadedEnsemble& here,
                                       const std::optional<std::string>& write_to);

}  // namespace zoowarden::controller
