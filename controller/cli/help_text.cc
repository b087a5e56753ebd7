#include "controller/cli/help_text.h"

#include "base/text.h"

#include <algorithm>

namespace zoowarden::controller {

namespace {

std::string Padded(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

std::string Examples(const std::vector<Example>& examples) {
  std::size_t width = 0;
  for (const auto& example : examples) {
    width = std::max(width, example.line.size());
  }
  std::string text = "Examples:\n";
  for (const auto& example : examples) {
    text += "  " + Padded(example.line, width) + "  # " + example.what + "\n";
  }
  return text;
}

std::string Left(const Option& option) {
  auto name = option.name;
  if (const auto comma = name.find(','); comma != std::string::npos) {
    name.insert(comma + 1, " ");
  }
  return IsPositional(option) || option.value_name.empty() ? name : name + " " + option.value_name;
}

std::string Options(const std::string& title, const std::vector<Option>& options) {
  if (options.empty()) {
    return "";
  }
  std::size_t width = 0;
  for (const auto& option : options) {
    width = std::max(width, Left(option).size());
  }
  std::string text = "\n" + title + ":\n";
  for (const auto& option : options) {
    text += "  " + Padded(Left(option), width) + "  " + option.help + "\n";
  }
  return text;
}

std::string Usage(const Command& command) {
  std::string text = "Usage: zoowarden " + command.name;
  for (const auto& option : command.options) {
    if (IsPositional(option)) {
      text += option.required ? " " + option.name : " [" + option.name + "]";
    } else if (option.required) {
      text += " " + LongName(option) + " " + option.value_name;
    }
  }
  return text + " [flags]\n";
}

// One paragraph in lines of a common terminal's width.
std::string Wrapped(const std::string& paragraph) {
  constexpr std::size_t kColumns = 80;
  std::string text;
  std::size_t column = 0;
  for (const auto word : base::Split(paragraph, ' ')) {
    if (column > 0 && column + 1 + word.size() > kColumns) {
      text += "\n";
      column = 0;
    }
    if (column > 0) {
      text += " ";
      ++column;
    }
    text += word;
    column += word.size();
  }
  return text;
}

constexpr const char* kProgram =
    "Zoowarden rolls ZooKeeper ensembles: one server at a time, leader last, with\n"
    "gates and an automatic way back.\n";

std::vector<Example> ProgramExamples() {
  return {{"zoowarden status", "what runs where, who leads"},
          {"zoowarden upgrade --to 3.9.4", "plan, ask, then roll the ensemble"},
          {"zoowarden plan", "what ensemble.yaml would change"},
          {"zoowarden resume", "go on with an interrupted run"}};
}

// The first example of each of its commands, what it is about and how it is typed.
std::string GroupHead(const CommandTree& tree, const std::string& name) {
  std::vector<Example> examples;
  for (const auto& command : tree.commands) {
    if (command.name.starts_with(name + " ") && !command.examples.empty()) {
      examples.push_back(command.examples.front());
    }
  }
  const auto group = std::find_if(
      tree.groups.begin(), tree.groups.end(), [&](const auto& g) { return g.name == name; });
  return Examples(examples) + "\n" + (group == tree.groups.end() ? "" : group->summary + "\n") +
         "\nUsage: zoowarden " + name + " COMMAND [flags]\n";
}

}  // namespace

std::string CommandHelp(const CommandTree& tree, const Command& command) {
  std::string text = Examples(command.examples);
  text += "\n" + command.summary + "\n";
  if (!command.details.empty()) {
    text += "\n" + Wrapped(command.details) + "\n";
  }
  text += "\n" + Usage(command);
  text += Options("Flags", command.options);
  // A command's own flag hides the global one of the same name.
  auto globals = tree.globals;
  std::erase_if(globals, [&command](const Option& global) {
    return std::any_of(command.options.begin(), command.options.end(), [&](const Option& own) {
      return LongName(own) == LongName(global);
    });
  });
  text += Options("Global flags", globals);
  return text;
}

std::string OverviewHelp(const CommandTree& tree, const std::string& group) {
  std::vector<std::pair<std::string, std::string>> lines;
  std::string seen_group;
  for (const auto& command : tree.commands) {
    const auto first = command.name.substr(0, command.name.find(' '));
    if (!group.empty()) {
      if (first == group) {
        lines.emplace_back(command.name, command.summary);
      }
      continue;
    }
    if (first == command.name) {
      lines.emplace_back(command.name, command.summary);
    } else if (first != seen_group) {
      seen_group = first;
      const auto found = std::find_if(
          tree.groups.begin(), tree.groups.end(), [&](const auto& g) { return g.name == first; });
      lines.emplace_back(first, found == tree.groups.end() ? "" : found->summary);
    }
  }
  std::size_t width = 0;
  for (const auto& line : lines) {
    width = std::max(width, line.first.size());
  }
  std::string text =
      group.empty() ? Examples(ProgramExamples()) + "\n" + kProgram : GroupHead(tree, group);
  text += "\nCommands:\n";
  for (const auto& [name, summary] : lines) {
    text += "  " + Padded(name, width) + "  " + summary + "\n";
  }
  if (group.empty()) {
    text += Options("Global flags", tree.globals);
    text +=
        "\nEach command has --help. `zoowarden help exit-codes` and `zoowarden help environment` "
        "say the rest.\n";
  }
  return text;
}

}  // namespace zoowarden::controller
