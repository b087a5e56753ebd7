// Finds the command that a line of words names and fills its options.
#pragma once

#include "base/error.h"
#include "controller/cli/command.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

struct CommandTree {
  std::vector<Command> commands;
  std::vector<CommandGroup> groups;
  std::vector<Option> globals;  // accepted before and after the command's name
};

struct ParsedLine {
  enum class Wanted { kRun, kHelp, kVersion };
  Wanted wanted = Wanted::kRun;
  const Command* command = nullptr;  // nullptr with kHelp: of the program or of a group
  std::string topic;                 // of kHelp without a command: "", or the group's name
};

// Errors: kInvalidArgument "usage.*"; unknown commands and flags come with the nearest name.
[[nodiscard]] base::Result<ParsedLine> ParseLine(const CommandTree& tree,
                                                 const std::vector<std::string>& words);

// "--output" of "-o,--output".
[[nodiscard]] std::string LongName(const Option& option);
[[nodiscard]] bool IsPositional(const Option& option);

}  // namespace zoowarden::controller
