#include "controller/cli/applying.h"
#include "controller/cli/commands.h"
#include "controller/cli/detaching.h"

#include <memory>

namespace zoowarden::controller {

namespace {

struct RepairOptions {
  Asked asked;
  std::string by = "restart";
};

RepairBy ParseBy(const std::string& word) {
  if (word == "desired") {
    return RepairBy::kDesired;
  }
  return word == "previous" ? RepairBy::kPrevious : RepairBy::kRestart;
}

}  // namespace

Command RepairCommand() {
  auto options = std::make_shared<RepairOptions>();
  options->asked.target.kind = "repair";
  options->asked.target.scope = core::PlanScope::kRepair;
  return {
      .name = "repair",
      .summary = "start members that are down, one at a time, and touch no other",
      .examples = {{"zoowarden repair", "all that are down, on what is installed there"},
                   {"zoowarden repair --server 2", "this one"},
                   {"zoowarden repair --server 2 --by desired", "on what ensemble.yaml says"},
                   {"zoowarden repair --server 2 --by previous", "on what it had before"}},
      .details =
          "Only what is proved down is started: its agent sees every process, and none has its "
          "data "
          "directory. A member whose process is there and does not serve may yet come back and is "
          "left alone. While the others form a quorum each start has the gate of any run. Without "
          "a quorum members are started one after the other until one forms, each judged by its "
          "process alone until then, and what cannot be promised is said before you are asked. "
          "A server that does not come up is taken back to what was installed, and the run halts. "
          "ensemble.yaml is not changed.",
      .options = {{.name = "--server",
                   .value_name = "ID",
                   .help = "this one; may be given again (default: all that are down)",
                   .target = &options->asked.target.servers},
                  {.name = "--by",
                   .value_name = "WAY",
                   .help = "restart: on what is installed; desired: on what ensemble.yaml says; "
                           "previous: on what was there before",
                   .target = &options->by,
                   .choices = {"restart", "desired", "previous"}},
                  DetachOption(options->asked.detach)},
      .run = [options](Context& context) {
        auto asked = options->asked;
        asked.target.repair_by = ParseBy(options->by);
        return Apply(context, asked);
      }};
}

}  // namespace zoowarden::controller
