// What a command that ran by itself said last.
#pragma once

#include <filesystem>
#include <string>

namespace zoowarden::controller {

// Its last error with its next step, or the end of what it printed; empty when the log cannot be
// read. At most 2,000 bytes, printable.
[[nodiscard]] std::string LastWords(const std::filesystem::path& log);

}  // namespace zoowarden::controller
