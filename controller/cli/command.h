// What one command is: its place in the tree, its examples, its options and what it does. The
// parser library stays behind parser.h.
#pragma once

#include "controller/cli/exit_codes.h"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace zoowarden::controller {

class Context;

struct Example {
  std::string line;
  std::string what;
};

// A target is written by the parser before `run` is called; it must live as long as the command.
using OptionTarget =
    std::variant<bool*, std::string*, std::optional<std::string>*, std::vector<std::string>*>;

struct Option {
  std::string name;        // "--server", "-o,--output", or "ID" for an argument without dashes
  std::string value_name;  // "N"; empty = a flag
  std::string help;
  OptionTarget target;
  bool required = false;
  std::vector<std::string> choices;  // empty = any value
};

struct Command {
  std::string name;     // "status", "runs show"
  std::string summary;  // one line
  std::vector<Example> examples;
  std::string details;  // empty, or paragraphs for --help
  std::vector<Option> options;
  std::function<ExitCode(Context&)> run;
};

// The first word of two-word commands.
struct CommandGroup {
  std::string name;
  std::string summary;
};

}  // namespace zoowarden::controller
