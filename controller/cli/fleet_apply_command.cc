#include "controller/cli/commands.h"
#include "controller/cli/fleet_rolling.h"

#include <memory>

namespace zoowarden::controller {

namespace {

constexpr const char* kDetails =
    "Each ensemble is rolled by a `zoowarden` process of its own, with its own plan, gates, record "
    "and way back; the fleet says which of them is begun, and when. Ctrl-C begins no further one "
    "and asks those that run to stop at their next safe point. An ensemble whose "
    "plan leads elsewhere than was shown is refused in its turn. Exit code 0: every ensemble is as "
    "it should be; 10: more failed than the error budget allows, the rest was not begun; 1: some "
    "failed, within the budget; 130: interrupted, `zoowarden fleet resume` goes on.";

Option LeaveOpen(bool& target) {
  return {.name = "--leave-open",
          .help = "even while an earlier rollout of this fleet is not over; it is forgotten",
          .target = &target};
}

}  // namespace

Command FleetApplyCommand() {
  auto options = std::make_shared<FleetRollOptions>();
  return {
      .name = "fleet apply",
      .summary = "make every ensemble what its ensemble.yaml says, wave by wave",
      .examples = {{"zoowarden fleet apply", "plan all, ask once, roll"},
                   {"zoowarden fleet apply --yes -o json", "for scripts"}},
      .details = kDetails,
      .options = {FleetOption(options->file),
                  {.name = "--allow-outage",
                   .help = "with one or two voters: accept that a restart takes the quorum away",
                   .target = &options->target.allow_outage},
                  LeaveOpen(options->leave_open)},
      .run = [options](Context& context) { return BeginRollout(context, *options); }};
}

Command FleetUpgradeCommand() {
  auto options = std::make_shared<FleetRollOptions>();
  options->verb = "upgrade";
  auto flags = FleetTargetOptions(options->target);
  flags.front().required = true;
  flags.insert(flags.begin(), FleetOption(options->file));
  flags.push_back(LeaveOpen(options->leave_open));
  return {.name = "fleet upgrade",
          .summary = "roll every ensemble to a release, wave by wave",
          .examples = {{"zoowarden fleet upgrade --to 3.9.4 --release zk-3.9.4.tar.gz",
                        "plan all, ask once, roll"},
                       {"zoowarden fleet upgrade --to 3.9.4 --fleet eu.yaml --yes",
                        "the archive is beside each ensemble's old one"}},
          .details = kDetails,
          .options = std::move(flags),
          .run = [options](Context& context) { return BeginRollout(context, *options); }};
}

}  // namespace zoowarden::controller
