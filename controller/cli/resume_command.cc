#include "controller/cli/commands.h"
#include "controller/cli/detaching.h"
#include "controller/cli/driving.h"
#include "controller/cli/going_on.h"

#include <memory>
#include <utility>

namespace zoowarden::controller {

namespace {

std::vector<Option> OptionsOf(GoingOnOptions& options) {
  return {{.name = "ID",
           .value_name = "ID",
           .help = "the run (default: the newest open one)",
           .target = &options.run_id},
          {.name = "--write-ensemble",
           .value_name = "FILE",
           .help = "write what the run leads to into this new file, as an ensemble.yaml",
           .target = &options.write_ensemble},
          {.name = "--take-over",
           .help = "even while another controller holds it; that one is stopped",
           .target = &options.take_over},
          DetachOption(options.detach),
          {.name = "--confirmed",
           .value_name = "POSITION",
           .help = "only from there; --detach gives it to the process that it starts",
           .target = &options.confirmed}};
}

}  // namespace

Command ResumeCommand() {
  auto options = std::make_shared<GoingOnOptions>();
  auto flags = OptionsOf(*options);
  flags.push_back({.name = "--check",
                   .help = "only say whether it may be gone on with; changes nothing",
                   .target = &options->check});
  flags.push_back(RolloutOption(options->rollout));
  return {.name = "resume",
          .summary = "go on with a run that was interrupted, paused, halted or got stuck",
          .examples = {{"zoowarden resume", "the newest open run"},
                       {"zoowarden resume 20261122-140501-3f9a --yes", "for scripts"},
                       {"zoowarden resume --check", "whether it may be gone on with"},
                       {"zoowarden resume --write-ensemble ensemble.new.yaml",
                        "where ensemble.yaml says something else than the run"}},
          .details =
              "Works on any machine with an operator's certificate: the agents have copies of "
              "the record. Says first what the run leads to that ensemble.yaml here does not.",
          .options = std::move(flags),
          .run = [options](Context& context) { return GoOn(context, *options); }};
}

Command RollbackCommand() {
  auto options = std::make_shared<GoingOnOptions>();
  options->how = GoingOn::kRollBack;
  return {
      .name = "rollback",
      .summary = "take every server of an open run back to what it ran before",
      .examples = {{"zoowarden rollback", "the newest open run"},
                   {"zoowarden rollback 20261122-140501-3f9a --yes", "for scripts"}},
      .details =
          "In reverse order, the leader last, through the same gates. Exit code 0: every server "
          "is back.",
      .options = OptionsOf(*options),
      .run = [options](Context& context) { return GoOn(context, *options); }};
}

}  // namespace zoowarden::controller
