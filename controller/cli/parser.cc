#include "controller/cli/parser.h"

#include "base/text.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace zoowarden::controller {

namespace {

base::Error UsageError(std::string reason, const std::string& message) {
  return {base::ErrorCode::kInvalidArgument, "usage." + std::move(reason), message};
}

std::string DidYouMean(const std::string& word, const std::vector<std::string>& names) {
  const auto nearest = base::NearestName(word, names);
  return nearest ? "; did you mean '" + *nearest + "'?" : "";
}

void AddOption(CLI::App& app, const Option& option) {
  CLI::Option* added = nullptr;
  if (const auto* flag = std::get_if<bool*>(&option.target)) {
    added = app.add_flag(option.name, **flag);
  } else if (const auto* text = std::get_if<std::string*>(&option.target)) {
    added = app.add_option(option.name, **text);
  } else if (const auto* maybe = std::get_if<std::optional<std::string>*>(&option.target)) {
    added = app.add_option(option.name, **maybe);
  } else {
    added = app.add_option(option.name, **std::get_if<std::vector<std::string>*>(&option.target));
  }
  // Required ones are checked here, not by the library, for the sake of the message.
  added->expected(option.value_name.empty() ? 0 : added->get_expected_max());
}

struct BuiltCommand {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
};

class Parser {
 public:
  explicit Parser(const CommandTree& tree) : tree_(tree), root_("", "zoowarden") {
    Prepare(root_);
    root_.add_flag("--version", version_);
    for (const auto& option : tree.globals) {
      AddOption(root_, option);
    }
    for (const auto& command : tree.commands) {
      AddCommand(command);
    }
  }

  base::Result<ParsedLine> Parse(const std::vector<std::string>& words) {
    try {
      // The library wants the words in reverse order.
      root_.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    } catch (const CLI::ArgumentMismatch& error) {  // "--to: 1 required TEXT missing"
      const std::string text = error.what();
      return base::Fail(UsageError(
          "missing", base::Printable(text.substr(0, text.find(':'))) + " needs a value"));
    } catch (const CLI::ParseError& error) {
      return base::Fail(UsageError("bad_value", FirstLine(error.what())));
    }
    ParsedLine line{.command = Chosen(), .topic = ChosenGroup()};
    if (help_) {
      line.wanted = ParsedLine::Wanted::kHelp;
      return line;
    }
    if (version_) {
      line.wanted = ParsedLine::Wanted::kVersion;
      return line;
    }
    if (const auto extra = root_.remaining(/*recurse=*/true); !extra.empty()) {
      return base::Fail(Unknown(extra.front(), line));
    }
    if (line.command == nullptr) {
      line.wanted = ParsedLine::Wanted::kHelp;
      return line;
    }
    ZW_TRY(CheckOptions(line.command->options, *line.command));
    ZW_TRY(CheckOptions(tree_.globals, *line.command));
    return line;
  }

 private:
  void Prepare(CLI::App& app) {
    // Our own: help starts with examples, unknown words come with the nearest name.
    app.set_help_flag();
    app.add_flag("-h,--help", help_);
    app.allow_extras();
    app.fallthrough();
    // Else a later word that happens to be a command's name would be taken for it.
    app.require_subcommand(0, 1);
  }

  void AddCommand(const Command& command) {
    const auto space = command.name.find(' ');
    CLI::App* parent = &root_;
    if (space != std::string::npos) {
      const auto group = command.name.substr(0, space);
      const auto known = std::find_if(groups_.begin(), groups_.end(), [&](const CLI::App* app) {
        return app->get_name() == group;
      });
      parent = known != groups_.end() ? *known : root_.add_subcommand(group);
      if (known == groups_.end()) {
        Prepare(*parent);
        groups_.push_back(parent);
      }
    }
    auto* app = parent->add_subcommand(space == std::string::npos ? command.name
                                                                  : command.name.substr(space + 1));
    Prepare(*app);
    for (const auto& option : command.options) {
      AddOption(*app, option);
    }
    built_.push_back({.command = &command, .app = app});
  }

  [[nodiscard]] const Command* Chosen() const {
    for (const auto& built : built_) {
      if (built.app->parsed()) {
        return built.command;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::string ChosenGroup() const {
    for (const auto* group : groups_) {
      if (group->parsed()) {
        return group->get_name();
      }
    }
    return "";
  }

  [[nodiscard]] base::Error Unknown(const std::string& word, const ParsedLine& line) const {
    const auto of = line.command != nullptr ? " of 'zoowarden " + line.command->name + "'"
                    : line.topic.empty()    ? std::string()
                                            : " of 'zoowarden " + line.topic + "'";
    if (word.starts_with("-")) {
      const auto flag = word.substr(0, word.find('='));
      return UsageError("unknown_flag",
                        "unknown flag '" + base::Printable(flag) + "'" + of +
                            DidYouMean(flag, FlagNames(line.command)));
    }
    if (line.command == nullptr) {
      return UsageError("unknown_command",
                        "unknown command '" + base::Printable(word) + "'" + of +
                            DidYouMean(word, CommandNames(line.topic)));
    }
    return UsageError("unexpected_argument",
                      "unexpected argument '" + base::Printable(word) + "'" + of);
  }

  [[nodiscard]] std::vector<std::string> FlagNames(const Command* command) const {
    std::vector<std::string> names{"--help", "--version"};
    for (const auto& option : tree_.globals) {
      names.push_back(LongName(option));
    }
    if (command != nullptr) {
      for (const auto& option : command->options) {
        names.push_back(LongName(option));
      }
    }
    return names;
  }

  [[nodiscard]] std::vector<std::string> CommandNames(const std::string& group) const {
    std::vector<std::string> names;
    for (const auto& command : tree_.commands) {
      const auto space = command.name.find(' ');
      if (group.empty()) {
        names.push_back(command.name.substr(0, space));
      } else if (command.name.starts_with(group + " ")) {
        names.push_back(command.name.substr(space + 1));
      }
    }
    return names;
  }

  static std::vector<std::string> Values(const Option& option) {
    if (const auto* text = std::get_if<std::string*>(&option.target)) {
      return (*text)->empty() ? std::vector<std::string>() : std::vector<std::string>{**text};
    }
    if (const auto* maybe = std::get_if<std::optional<std::string>*>(&option.target)) {
      return **maybe ? std::vector<std::string>{***maybe} : std::vector<std::string>();
    }
    if (const auto* list = std::get_if<std::vector<std::string>*>(&option.target)) {
      return **list;
    }
    return {};
  }

  static base::Status CheckOptions(const std::vector<Option>& options, const Command& command) {
    for (const auto& option : options) {
      const auto values = Values(option);
      if (option.required && values.empty()) {
        return base::Fail(
            UsageError("missing", "'zoowarden " + command.name + "' needs " + LongName(option)));
      }
      for (const auto& value : values) {
        if (!option.choices.empty() &&
            std::find(option.choices.begin(), option.choices.end(), value) ==
                option.choices.end()) {
          return base::Fail(UsageError("bad_value",
                                       LongName(option) + " cannot be '" + base::Printable(value) +
                                           "': use " + base::Join(option.choices, ", ") +
                                           DidYouMean(value, option.choices)));
        }
      }
    }
    return base::Ok();
  }

  static std::string FirstLine(const std::string& text) {
    auto line = base::Printable(text.substr(0, text.find('\n')));
    if (!line.empty() && line.front() >= 'A' && line.front() <= 'Z') {
      line.front() = static_cast<char>(line.front() - 'A' + 'a');
    }
    return line;
  }

  const CommandTree& tree_;
  CLI::App root_;
  std::vector<BuiltCommand> built_;
  std::vector<CLI::App*> groups_;
  bool help_ = false;
  bool version_ = false;
};

}  // namespace

base::Result<ParsedLine> ParseLine(const CommandTree& tree, const std::vector<std::string>& words) {
  return Parser(tree).Parse(words);
}

std::string LongName(const Option& option) {
  const auto comma = option.name.find(',');
  return comma == std::string::npos ? option.name : option.name.substr(comma + 1);
}

bool IsPositional(const Option& option) { return !option.name.starts_with("-"); }

}  // namespace zoowarden::controller
