#include "controller/cli/commands.h"
#include "controller/cli/fleet_rolling.h"

#include <memory>

namespace zoowarden::controller {

Command FleetResumeCommand() {
  auto options = std::make_shared<FleetResumeOptions>();
  return {
      .name = "fleet resume",
      .summary = "go on with a rollout that was interrupted or halted",
      .examples = {{"zoowarden fleet resume", "after Ctrl-C, a crash or a reboot"},
                   {"zoowarden fleet resume --retry --yes", "and what has failed once more"}},
      .details =
          "What was begun is asked of its agents first: a command that still runs is looked on "
          "at, a run that broke off is gone on with, none is begun a second time. What a person "
          "paused or took over counts as failed until --retry, unless it came to a good end. The "
          "plans of what waits, and what --retry would do, are shown as they are now, and approved "
          "with the answer. Waves, policy and windows are those that fleet.yaml says now.",
      .options = {FleetOption(options->file),
                  {.name = "--retry",
                   .help = "ensembles that failed are tried again; their halted and stuck runs "
                           "are gone on with",
                   .target = &options->retry}},
      .run = [options](Context& context) { return ResumeRollout(context, *options); }};
}

}  // namespace zoowarden::controller
