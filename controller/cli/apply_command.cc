#include "controller/cli/applying.h"
#include "controller/cli/commands.h"
#include "controller/cli/detaching.h"

#include <memory>

namespace zoowarden::controller {

namespace {

std::vector<Option> ApplyOptions(Asked& asked) {
  std::vector<Option> options{
      {.name = "PLANFILE",
       .value_name = "PLANFILE",
       .help = "a plan that `zoowarden plan -o json` made",
       .target = &asked.plan_file},
      {.name = "--allow-outage",
       .help = "with one or two voters: accept that a restart takes the quorum away",
       .target = &asked.target.allow_outage},
      {.name = "--retry",
       .help = "even when a run did not reach exactly this desired state",
       .target = &asked.retry},
      DetachOption(asked.detach)};
  const auto ordered = OrderedOptions(asked);
  options.insert(options.end(), ordered.begin(), ordered.end());
  return options;
}

}  // namespace

Command ApplyCommand() {
  auto options = std::make_shared<Asked>();
  options->retry = false;
  return {
      .name = "apply",
      .summary = "make the ensemble what ensemble.yaml says, one server at a time",
      .examples = {{"zoowarden apply", "plan, ask, roll"},
                   {"zoowarden apply --yes", "without asking, for scripts"},
                   {"zoowarden apply plan.json", "exactly the plan that `plan -o json` made"},
                   {"zoowarden apply --detach", "plan, ask, and let the run go on by itself"}},
      .details =
          "Release and configuration that changed together restart each server once. "
          "Typing it again changes nothing. With PLANFILE nothing else than that plan is carried "
          "out: when ensemble.yaml, a plugin's value, a server's generation, the membership or "
          "the leader has moved since, it is refused (exit 5) and says which. What a run did "
          "not reach (rolled back, halted, stuck, aborted) is not tried again without --retry.",
      .options = ApplyOptions(*options),
      .run = [options](Context& context) { return Apply(context, *options); }};
}

Command UpgradeCommand() {
  auto options = std::make_shared<Asked>();
  options->target.kind = "upgrade";
  auto flags = TargetOptions(options->target);
  flags.front().required = true;
  flags.push_back(DetachOption(options->detach));
  const auto ordered = OrderedOptions(*options);
  flags.insert(flags.end(), ordered.begin(), ordered.end());
  return {
      .name = "upgrade",
      .summary = "roll the ensemble to a release, one server at a time",
      .examples = {{"zoowarden upgrade --to 3.9.4 --release zk-3.9.4.tar.gz", "plan, ask, roll"},
                   {"zoowarden upgrade --to 3.9.4 --yes", "the archive is beside the old one"}},
      .details =
          "Settings that changed in ensemble.yaml are rolled out in the same restarts. When "
          "the run has succeeded, ensemble.yaml says the new release; after a rollback "
          "it is unchanged.",
      .options = std::move(flags),
      .run = [options](Context& context) { return Apply(context, *options); }};
}

}  // namespace zoowarden::controller
