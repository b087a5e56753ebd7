#include "controller/cli/applying.h"
#include "controller/cli/commands.h"
#include "controller/cli/detaching.h"

#include <memory>

namespace zoowarden::controller {

Command RestartCommand() {
  auto asked = std::make_shared<Asked>();
  asked->target.kind = "restart";
  asked->target.scope = core::PlanScope::kRestart;
  return {
      .name = "restart",
      .summary = "start servers again on what they run, one at a time",
      .examples = {{"zoowarden restart", "all servers, the leader last"},
                   {"zoowarden restart --server 2 --server 3 --yes", "these two"}},
      .details =
          "Through the same gates as a roll, and with the same record. Refused when a server "
          "runs something else than ensemble.yaml says, because `apply` restarts it anyway. "
          "There is nothing to go back to: a server that does not come back is started once "
          "more as it was, and no further server is stopped.",
      .options = {{.name = "--server",
                   .value_name = "ID",
                   .help = "this one; may be given again (default: all)",
                   .target = &asked->target.servers},
                  {.name = "--allow-outage",
                   .help = "with one or two voters: accept that a restart takes the quorum away",
                   .target = &asked->target.allow_outage},
                  DetachOption(asked->detach)},
      .run = [asked](Context& context) { return Apply(context, *asked); }};
}

}  // namespace zoowarden::controller
