// Runs the declared command inside the plugin's own process group, so that the deadline of the
// plugin's caller, which kills that group, ends the command too.
#pragma once

#include "base/error.h"

#include <string>
#include <vector>

namespace zoowarden::plugin_exec {

// The command's stdout, at most 512 KiB. No shell; stdin is empty, stderr is the plugin's. Refused:
// an exit code other than 0, a signal, more output. Blocks until the command ends.
[[nodiscard]] base::Result<std::string> RunCommand(const std::vector<std::string>& command);

}  // namespace zoowarden::plugin_exec
