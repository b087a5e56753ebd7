#include "base/text.h"
#include "controller/cli/commands.h"
#include "controller/cli/help_text.h"
#include "controller/cli/table.h"

#include <memory>
#include <ostream>

namespace zoowarden::controller {

namespace {

constexpr const char* kEnvironment =
    "Flags win over the environment, the environment over defaults.\n"
    "\n"
    "ZOOWARDEN_ENSEMBLE  the ensemble file (default: ensemble.yaml in this directory)\n"
    "ZOOWARDEN_FLEET     the fleet file (default: fleet.yaml in this directory)\n"
    "ZOOWARDEN_PKI       directory with ca.pem, cert.pem and key.pem of this operator\n"
    "                    (default: $XDG_CONFIG_HOME/zoowarden/pki)\n"
    "ZOOWARDEN_CRL       revocation list that agents' certificates are judged by (default: none)\n"
    "ZOOWARDEN_STATE     records of runs, one directory an ensemble\n"
    "                    (default: $XDG_STATE_HOME/zoowarden)\n"
    "NO_COLOR            set and not empty: no colours and no redrawing\n"
    "TERM                dumb: no colours and no redrawing\n";

struct HelpOptions {
  std::vector<std::string> topic;
};

void PrintExitCodes(Context& context) {
  Document codes{Document::List()};
  Table table({"CODE", "NAME", "MEANING"});
  for (const auto& row : ExitCodes()) {
    const int code = static_cast<int>(row.code);
    codes.Add(Document::Map({{"code", code}, {"name", row.name}, {"meaning", row.meaning}}));
    table.Add({std::to_string(code), std::string(row.name), std::string(row.meaning)});
  }
  context.Print(Document::Map({{"schema_version", 1}, {"exit_codes", std::move(codes)}}),
                table.ToText());
}

base::Error UnknownTopic(const CommandTree& tree, const std::string& topic) {
  std::vector<std::string> names{"exit-codes", "environment"};
  for (const auto& command : tree.commands) {
    names.push_back(command.name);
  }
  for (const auto& group : tree.groups) {
    names.push_back(group.name);
  }
  const auto nearest = base::NearestName(topic, names);
  return {base::ErrorCode::kInvalidArgument,
          "usage.unknown_topic",
          "there is no help on '" + base::Printable(topic) + "'" +
              (nearest ? "; did you mean '" + *nearest + "'?" : "")};
}

ExitCode Help(Context& context, const CommandTree& tree, const HelpOptions& options) {
  const auto topic = base::Join(options.topic, " ");
  auto& out = context.console().out;
  if (topic == "exit-codes") {
    PrintExitCodes(context);
    return ExitCode::kOk;
  }
  if (topic == "environment") {
    out << kEnvironment;
    return ExitCode::kOk;
  }
  for (const auto& command : tree.commands) {
    if (command.name == topic) {
      out << CommandHelp(tree, command);
      return ExitCode::kOk;
    }
  }
  for (const auto& group : tree.groups) {
    if (group.name == topic) {
      out << OverviewHelp(tree, topic);
      return ExitCode::kOk;
    }
  }
  if (!topic.empty()) {
    return context.Fail(UnknownTopic(tree, topic));
  }
  out << OverviewHelp(tree, "");
  return ExitCode::kOk;
}

}  // namespace

Command HelpCommand(const CommandTree& tree) {
  auto options = std::make_shared<HelpOptions>();
  return {.name = "help",
          .summary = "help on a command, or on exit-codes and environment",
          .examples = {{"zoowarden help", "all commands"},
                       {"zoowarden help upgrade", "one command"},
                       {"zoowarden help exit-codes", "what the exit status says"},
                       {"zoowarden help environment", "variables and defaults"}},
          .options = {{.name = "TOPIC",
                       .value_name = "WORDS",
                       .help = "a command, exit-codes or environment",
                       .target = &options->topic}},
          .run = [options, &tree](Context& context) { return Help(context, tree, *options); }};
}

}  // namespace zoowarden::controller
