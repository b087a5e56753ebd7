// All commands, one function and one file each. Their options live as long as the returned value.
#pragma once

#include "controller/cli/context.h"
#include "controller/cli/parser.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

[[nodiscard]] Command StatusCommand();
[[nodiscard]] Command PlanCommand();
[[nodiscard]] Command ApproveCommand();
[[nodiscard]] Command StageCommand();
[[nodiscard]] Command ApplyCommand();
[[nodiscard]] Command UpgradeCommand();
[[nodiscard]] Command RestartCommand();
[[nodiscard]] Command RepairCommand();
[[nodiscard]] Command ResumeCommand();
[[nodiscard]] Command RollbackCommand();
[[nodiscard]] Command PauseCommand();
[[nodiscard]] Command AbortCommand();
[[nodiscard]] Command AttachCommand();
[[nodiscard]] Command EventsCommand();
[[nodiscard]] Command VerifyCommand();
// `server confirm`, `retry`, `rollback` and `close`.
[[nodiscard]] std::vector<Command> ServerCommands();
[[nodiscard]] Command FleetPlanCommand();
[[nodiscard]] Command FleetApplyCommand();
[[nodiscard]] Command FleetUpgradeCommand();
[[nodiscard]] Command FleetResumeCommand();
[[nodiscard]] Command FleetStatusCommand();
[[nodiscard]] Command ImportCommand();
[[nodiscard]] Command AdoptCommand();
[[nodiscard]] Command ConfigShowCommand();
[[nodiscard]] Command ConfigSetCommand();
[[nodiscard]] Command ConfigApplyCommand();
[[nodiscard]] Command RunsForgetCommand();
[[nodiscard]] Command RunsListCommand();
[[nodiscard]] Command RunsShowCommand();
[[nodiscard]] Command AuditShowCommand();
[[nodiscard]] Command AuditVerifyCommand();
[[nodiscard]] Command ReleasesListCommand();
[[nodiscard]] Command ReleasesVerifyCommand();
[[nodiscard]] Command ReleasesRemoveCommand();
[[nodiscard]] Command PkiInitCommand();
[[nodiscard]] Command PkiIssueCommand();
[[nodiscard]] Command PkiShowCommand();
[[nodiscard]] Command PkiStatusCommand();
[[nodiscard]] Command PkiTokenCommand();
[[nodiscard]] Command PkiServeCommand();
[[nodiscard]] Command PkiRenewCommand();
[[nodiscard]] Command PkiRevokeCommand();
[[nodiscard]] Command PkiCrlCommand();
[[nodiscard]] Command PkiPushCrlCommand();
// Prints the help of any command or topic; `tree` must outlive it.
[[nodiscard]] Command HelpCommand(const CommandTree& tree);

// Fills the tree; `flags` is what the global options write to.
void FillCommandTree(CommandTree& tree, GlobalFlags& flags);

// The whole program but its process: parses, runs, prints. Returns the exit status.
[[nodiscard]] int RunProgramLine(const std::vector<std::string>& words,
                                 Console& console,
                                 World& world);

}  // namespace zoowarden::controller
