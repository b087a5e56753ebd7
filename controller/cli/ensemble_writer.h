// An ensemble.yaml made from a run's record, for a machine that has no other.
#pragma once

#include "base/error.h"
#include "controller/run/run_file.h"

#include <string>

namespace zoowarden::controller {

// Release, configuration, servers, policy, checks and canary as the record has them. Values of
// plugins are settings there; secrets are masks, which the file's reader refuses until they are
// replaced. Templates are named in `templates`, a directory.
[[nodiscard]] std::string EnsembleYaml(const RunFile& run, const std::string& templates);

// Into `path`, and the templates into PATH.files; neither may be there yet (kAlreadyExists
// `config.exists`, nothing is written).
[[nodiscard]] base::Status WriteEnsemble(const RunFile& run, const std::string& path);

}  // namespace zoowarden::controller
