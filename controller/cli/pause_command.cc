#include "controller/cli/commands.h"
#include "controller/cli/going_on.h"

#include <memory>

namespace zoowarden::controller {

namespace {

Command StoppingCommand(GoingOn how,
                        std::string summary,
                        std::vector<Example> examples,
                        std::string details) {
  auto options = std::make_shared<GoingOnOptions>();
  options->how = how;
  options->take_over = true;
  return {.name = std::string(GoingOnName(how)),
          .summary = std::move(summary),
          .examples = std::move(examples),
          .details = std::move(details),
          .options = {{.name = "ID",
                       .value_name = "ID",
                       .help = "the run (default: the newest open one)",
                       .target = &options->run_id}},
          .run = [options](Context& context) { return GoOn(context, *options); }};
}

}  // namespace

Command PauseCommand() {
  return StoppingCommand(
      GoingOn::kPause,
      "stop a run at its next safe point, wherever it is carried out, and leave it open",
      {{"zoowarden pause", "the newest open run"},
       {"zoowarden pause 20261122-140501-3f9a --yes", "from any machine, for scripts"}},
      "Takes the run out of its controller's hands, which ends with exit code 8, brings the server "
      "that is being changed to an end (new, or back), and touches no other. `zoowarden resume` "
      "goes on.");
}

Command AbortCommand() {
  return StoppingCommand(
      GoingOn::kAbort,
      "end a run at its next safe point as halted, with every server as it is then",
      {{"zoowarden abort", "the newest open run"},
       {"zoowarden abort 20261122-140501-3f9a --yes", "from any machine, for scripts"}},
      "As `zoowarden pause`, but what follows is a decision: `zoowarden rollback` goes back, "
      "`zoowarden resume` goes on, or a new run begins from there. A run that has changed no "
      "server yet is closed.");
}

}  // namespace zoowarden::controller
