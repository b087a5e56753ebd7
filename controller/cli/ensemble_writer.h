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

// kAlreadyExists `config.exists`: WriteEnsemble would have to overwrite something. Templates that
// are there already, as an attempt that was killed leaves them, are none when they are the same.
[[nodiscard]] base::Status CheckWritable(const RunFile& run, const std::string& path);

// The templates into PATH.files, then into `path`. The errors of CheckWritable, nothing is written.
[[nodiscard]] base::Status WriteEnsemble(const RunFile& run, const std::string& path);

}  // namespace zoowarden::controller
