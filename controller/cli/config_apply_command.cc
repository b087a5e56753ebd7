#include "controller/cli/applying.h"
#include "controller/cli/commands.h"
#include "controller/cli/detaching.h"

#include <memory>

namespace zoowarden::controller {

Command ConfigApplyCommand() {
  auto asked = std::make_shared<Asked>();
  asked->retry = false;
  asked->target.kind = "config apply";
  asked->target.scope = core::PlanScope::kConfiguration;
  return {
      .name = "config apply",
      .summary = "roll out the configuration that ensemble.yaml says, and no release",
      .examples = {{"zoowarden config apply", "plan, ask, roll"},
                   {"zoowarden config apply --yes", "without asking, for scripts"}},
      .details =
          "What `apply` does, but refused when a server runs another release than "
          "ensemble.yaml says. What a run "
          "did not reach is not tried again without --retry.",
      .options = {{.name = "--allow-outage",
                   .help = "with one or two voters: accept that a restart takes the quorum away",
                   .target = &asked->target.allow_outage},
                  {.name = "--retry",
                   .help = "even when a run did not reach exactly this desired state",
                   .target = &asked->retry},
                  DetachOption(asked->detach)},
      .run = [asked](Context& context) { return Apply(context, *asked); }};
}

}  // namespace zoowarden::controller
