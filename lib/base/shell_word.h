#pragma once

#include <string>
#include <string_view>

namespace zoowarden::base {

// As one word of a shell, for commands that somebody is told to type.
[[nodiscard]] std::string ShellWord(std::string_view text);

}  // namespace zoowarden::base
