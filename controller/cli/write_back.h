// What ensemble.yaml says after a run that succeeded: the release of an upgrade, the settings of
// `config set`. Nothing else in it changes, and after any other run nothing at all.
#pragma once

#include "config/ensemble_file.h"
#include "controller/cli/context.h"
#include "controller/run/run_file.h"

#include <vector>

namespace zoowarden::controller {

// What the file says of what the run shall change in it, before it does; for the run's record.
[[nodiscard]] std::optional<FileValues> ValuesNow(const config::LoadedEnsemble& file,
                                                  const RunFile& run);

// What cannot be written is a warning, and so is a file that says something else than when the run
// began: somebody changed it, and it is left alone.
void WriteBack(Context& context, const config::LoadedEnsemble& file, const RunFile& run);
// The settings alone; none = nothing is done.
void WriteSettings(Context& context,
                   const config::LoadedEnsemble& file,
                   const std::vector<config::SettingEdit>& edits);

}  // namespace zoowarden::controller
