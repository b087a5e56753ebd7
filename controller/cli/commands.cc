#include "controller/cli/commands.h"

#include "controller/cli/help_text.h"

#include <ostream>
#include <utility>

namespace zoowarden::controller {

namespace {

std::vector<Option> GlobalOptions(GlobalFlags& flags) {
  return {{.name = "--ensemble",
           .value_name = "FILE",
           .help = "what the ensemble should be (default: $ZOOWARDEN_ENSEMBLE, ensemble.yaml)",
           .target = &flags.ensemble},
          {.name = "--pki",
           .value_name = "DIR",
           .help = "ca.pem, cert.pem, key.pem (default: $ZOOWARDEN_PKI, ~/.config/zoowarden/pki)",
           .target = &flags.pki},
          {.name = "--crl",
           .value_name = "FILE",
           .help = "agents that this list revokes are not believed (default: $ZOOWARDEN_CRL, none)",
           .target = &flags.crl},
          {.name = "--state",
           .value_name = "DIR",
           .help = "records of runs (default: $ZOOWARDEN_STATE, ~/.local/state/zoowarden)",
           .target = &flags.state},
          {.name = "-o,--output",
           .value_name = "FORM",
           .help = "table, json or yaml",
           .target = &flags.output,
           .choices = {"table", "json", "yaml"}},
          {.name = "-y,--yes", .help = "go ahead without asking", .target = &flags.yes},
          {.name = "--no-color", .help = "no colours and no redrawing", .target = &flags.no_color},
          {.name = "-v,--verbose", .help = "say more on stderr", .target = &flags.verbose}};
}

}  // namespace

void FillCommandTree(CommandTree& tree, GlobalFlags& flags) {
  tree.globals = GlobalOptions(flags);
  tree.groups = {{"runs", "what runs did, and which are open"},
                 {"server", "what becomes of a server whose agent waits for a person"},
                 {"fleet", "many ensembles, rolled in waves"},
                 {"audit", "who asked the agents for what"},
                 {"config", "what the configuration is, where it comes from, and changing it"},
                 {"releases", "what lies on the servers, verified and removed"},
                 {"pki", "the certificates of agents and operators"}};
  tree.commands.push_back(StatusCommand());
  tree.commands.push_back(PlanCommand());
  tree.commands.push_back(ApproveCommand());
  tree.commands.push_back(StageCommand());
  tree.commands.push_back(ApplyCommand());
  tree.commands.push_back(UpgradeCommand());
  tree.commands.push_back(RestartCommand());
  tree.commands.push_back(RepairCommand());
  tree.commands.push_back(ResumeCommand());
  tree.commands.push_back(RollbackCommand());
  tree.commands.push_back(PauseCommand());
  tree.commands.push_back(AbortCommand());
  tree.commands.push_back(AttachCommand());
  tree.commands.push_back(EventsCommand());
  tree.commands.push_back(VerifyCommand());
  for (auto& command : ServerCommands()) {
    tree.commands.push_back(std::move(command));
  }
  tree.commands.push_back(FleetPlanCommand());
  tree.commands.push_back(FleetUpgradeCommand());
  tree.commands.push_back(FleetApplyCommand());
  tree.commands.push_back(FleetStatusCommand());
  tree.commands.push_back(FleetResumeCommand());
  tree.commands.push_back(ImportCommand());
  tree.commands.push_back(AdoptCommand());
  tree.commands.push_back(RunsListCommand());
  tree.commands.push_back(RunsShowCommand());
  tree.commands.push_back(RunsForgetCommand());
  tree.commands.push_back(AuditShowCommand());
  tree.commands.push_back(AuditVerifyCommand());
  tree.commands.push_back(ReleasesListCommand());
  tree.commands.push_back(ReleasesVerifyCommand());
  tree.commands.push_back(ReleasesRemoveCommand());
  tree.commands.push_back(ConfigShowCommand());
  tree.commands.push_back(ConfigSetCommand());
  tree.commands.push_back(ConfigApplyCommand());
  tree.commands.push_back(PkiInitCommand());
  tree.commands.push_back(PkiIssueCommand());
  tree.commands.push_back(PkiShowCommand());
  tree.commands.push_back(PkiStatusCommand());
  tree.commands.push_back(PkiTokenCommand());
  tree.commands.push_back(PkiServeCommand());
  tree.commands.push_back(PkiRenewCommand());
  tree.commands.push_back(PkiRevokeCommand());
  tree.commands.push_back(PkiCrlCommand());
  tree.commands.push_back(PkiPushCrlCommand());
  tree.commands.push_back(HelpCommand(tree));
}

int RunProgramLine(const std::vector<std::string>& words, Console& console, World& world) {
  GlobalFlags flags;
  CommandTree tree;
  FillCommandTree(tree, flags);
  Context context(flags, console, world);
  const auto line = ParseLine(tree, words);
  if (!line) {
    return static_cast<int>(context.Fail(line.error()));
  }
  switch (line->wanted) {
    case ParsedLine::Wanted::kVersion:
      console.out << "zoowarden " << ZOOWARDEN_VERSION << "\n";
      return static_cast<int>(ExitCode::kOk);
    case ParsedLine::Wanted::kHelp:
      console.out << (line->command != nullptr ? CommandHelp(tree, *line->command)
                                               : OverviewHelp(tree, line->topic));
      return static_cast<int>(ExitCode::kOk);
    case ParsedLine::Wanted::kRun:
      return static_cast<int>(line->command->run(context));
  }
  return static_cast<int>(ExitCode::kError);
}

}  // namespace zoowarden::controller
