// What a command that ran by itself said last.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <string>

namespace zoowarden::controller {

// Its last error with its next step, or the end of what it printed, since the last BeginWords;
// empty when the log cannot be read. At most 2,000 bytes, printable.
[[nodiscard]] std::string LastWords(const std::filesystem::path& log);

// Before another command adds to the same log: what was said so far is not its words.
[[nodiscard]] base::Status BeginWords(const std::filesystem::path& log, const std::string& command);

}  // namespace zoowarden::controller
