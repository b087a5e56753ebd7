// The text of --help: examples first, because that is what people look for.
#pragma once

#include "controller/cli/parser.h"

#include <string>

namespace zoowarden::controller {

[[nodiscard]] std::string CommandHelp(const CommandTree& tree, const Command& command);
// Of one group, or of the whole program when `group` is empty.
[[nodiscard]] std::string OverviewHelp(const CommandTree& tree, const std::string& group);

}  // namespace zoowarden::controller
