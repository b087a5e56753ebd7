#include "core/operation_facts.h"

#include <array>
#include <string>

namespace zoowarden::core {
namespace {

using S = model::OperationState;
using E = OperationEvent;

constexpr std::array kStateFacts = std::to_array<OperationStateFacts>({
    {.state = S::kIdle,
     .server = "no operation, or the last one left nothing behind",
     .persisted = "why staging failed, if it did",
     .action = "",
     .checks = "",
     .timeout = ""},
    {.state = S::kStaging,
     .server = "untouched; the generation is being made ready",
     .persisted = "operation, run, kind, `from`, time-outs",
     .action = "verify and unpack the release, render and check the configuration, make the "
               "generation; nothing for a removal",
     .checks = "that this life of the agent took the request; the signature each time; what is on "
               "disk already and whole is kept",
     .timeout = ""},
    {.state = S::kStaged,
     .server = "untouched",
     .persisted = "`to`; why a stop was given up, if one was",
     .action = "",
     .checks = "",
     .timeout = ""},
    {.state = S::kStopping,
     .server = "serving, or on its way out",
     .persisted = "the deadline; with the signal: the intent before it, the fact after it",
     .action = "SIGTERM, SIGKILL after its patience",
     .checks = "the process (pid, start time), the permit for this very process, and again right "
               "before the signal leaves; SIGKILL only after a SIGTERM that was certainly sent; a "
               "first installation stops nothing",
     .timeout =
         "permit 3 s; SIGKILL after half the step time-out (1 to 60 s); 15 s more: it cannot "
         "be stopped"},
    {.state = S::kSwitching,
     .server = "down",
     .persisted = "",
     .action = "point `current` to `to`, or nowhere for a removal, by one rename, membership "
               "carried over; a first installation makes `version-2` and `myid` before",
     .checks =
         "that certainly no process serves the data directory; what `current` names; that the data "
         "directory of a first installation is empty or its own work",
     .timeout = ""},
    {.state = S::kStarting,
     .server = "down, or just started",
     .persisted = "",
     .action = "launch what `current` names; nothing for a removal",
     .checks = "that no process serves the data directory; its lock; `myid`, file system, durable "
               "zxid and configuration (start guard)",
     .timeout = "10 s for a process to appear"},
    {.state = S::kVerifying,
     .server = "started; a removed one is down",
     .persisted = "the process that was started; later, once, that it was proved",
     .action = "look at the member; stop it at once when it runs standalone",
     .checks =
         "process, that it is the only one, mode, broadcast, quorum connection; of a removal, "
         "that no process serves",
     .timeout = "the step time-out, counted from `proceed`"},
    {.state = S::kUnconfirmed,
     .server = "as at the deadline: alive, or removed and down; left as it is",
     .persisted = "why it was not committed",
     .action = "look at the member; stop it at once when it runs standalone",
     .checks = "as in `verifying`",
     .timeout = ""},
    {.state = S::kCommitted,
     .server = "runs the new generation; a removed one does not run",
     .persisted = "the failures on the way are forgotten",
     .action = "",
     .checks = "",
     .timeout = ""},
    {.state = S::kRollingBack,
     .server = "runs the new generation, or is down",
     .persisted = "why it goes back",
     .action = "stop the new process; point `current` to `from`, or nowhere after a first "
               "installation",
     .checks = "the process and whose it is; the permit, unless the member is down or standalone, "
               "and all of it again right before the signal leaves; then what `current` names",
     .timeout = "as in `stopping`"},
    {.state = S::kRestartingOld,
     .server = "down, or the old generation was just started",
     .persisted = "the deadline, anew",
     .action = "launch what `current` names; nothing after a first installation",
     .checks = "as in `starting`",
     .timeout = "10 s for a process to appear"},
    {.state = S::kVerifyingOld,
     .server = "the old generation runs, or nothing does after a first installation",
     .persisted = "the process that was started; the deadline, anew",
     .action = "look at the member; start it again when it has ended; stop it at once when it runs "
               "standalone",
     .checks = "process, mode, broadcast",
     .timeout = "the step time-out"},
    {.state = S::kRolledBack,
     .server = "runs the old generation, or nothing after a first installation",
     .persisted = "",
     .action = "",
     .checks = "",
     .timeout = ""},
    {.state = S::kNeedsOperator,
     .server = "going back failed too; the last started process is left running, unless it ran "
               "standalone",
     .persisted = "why going back failed",
     .action = "",
     .checks = "",
     .timeout = ""},
});

constexpr std::array kEventFacts = std::to_array<OperationEventFacts>({
    {E::kBegin, true, "prepare a generation, or a removal"},
    {E::kStageDone, false, "the generation is complete on disk; a removal needs none"},
    {E::kStageFailed, false, "it could not be made, or the agent was restarted meanwhile"},
    {E::kProceed, true, "stop, switch, start; a parked one that is down: switch, start once more"},
    {E::kPermitRefused, false, "no valid permit, and a process still runs"},
    {E::kStopped, false, "the process is gone"},
    {E::kStopFailed, false, "it outlives SIGKILL, cannot be signalled, or cannot be seen"},
    {E::kSwitched, false, "`current` names the new generation, or nothing for a removal"},
    {E::kSwitchFailed, false, "it could not be switched, a process appeared, or none can be seen"},
    {E::kStarted, false, "a process of the new generation exists; for a removal, none does"},
    {E::kStartFailed, false, "none stays, the start is refused, or another process serves"},
    {E::kStandalone, false, "it serves alone: the one state that is ended at once"},
    {E::kDeadlineDown, false, "past the deadline and down"},
    {E::kDeadlineNotDown, false, "past the deadline, not down (or removed), not committed"},
    {E::kCommit,
     true,
     "the controller's gate was passed; refused unless `to` is current and runs alone, or, for a "
     "removal, while a process runs"},
    {E::kRollBack, true, "go back; a serving member needs a permit"},
    {E::kOldRestored, false, "the new process is gone and `current` names the old generation"},
    {E::kRestoreFailed, false, "that could not be reached"},
    {E::kOldStarted, false, "a process of the old generation exists, if there was one"},
    {E::kOldStartFailed, false, "none stays, the start is refused, or another process serves"},
    {E::kOldProved, false, "the old generation serves, if there was one"},
    {E::kOldDeadline, false, "it does not, and its deadline has passed"},
    {E::kOldStandalone, false, "it served alone and was stopped; it is not started again"},
    {E::kClose,
     true,
     "forget a finished, stuck or merely staged operation; one that nobody has judged only while "
     "nothing runs"},
});

std::string OrDash(std::string_view text) {
  return text.empty() ? std::string("–") : std::string(text);
}

std::string Code(std::string_view name) { return "`" + std::string(name) + "`"; }

std::string Row(std::initializer_list<std::string> cells) {
  std::string row = "|";
  for (const std::string& cell : cells) {
    row += " " + cell + " |";
  }
  return row + "\n";
}

// What leads out of a state, in the order of the table.
std::string LeavesBy(model::OperationState state) {
  std::string list;
  for (const OperationTransition& transition : OperationTransitions()) {
    if (transition.from == state) {
      list += (list.empty() ? "" : ", ") + Code(OperationEventName(transition.event)) + " → " +
              Code(model::OperationStateName(transition.to));
    }
  }
  return list;
}

}  // namespace

std::span<const OperationStateFacts> AllOperationStateFacts() { return kStateFacts; }
std::span<const OperationEventFacts> AllOperationEventFacts() { return kEventFacts; }

std::string PrintOperationTables() {
  std::string page =
      "### States\n\n" + Row({"state", "the server", "leaves it by"}) + Row({"---", "---", "---"});
  for (const OperationStateFacts& facts : kStateFacts) {
    page += Row({Code(model::OperationStateName(facts.state)),
                 std::string(facts.server),
                 LeavesBy(facts.state)});
  }
  page += "\n### What each state persists, checks and does\n\n" +
          Row({"state", "persisted on entering", "looked at first", "then done", "time-outs"}) +
          Row({"---", "---", "---", "---", "---"});
  for (const OperationStateFacts& facts : kStateFacts) {
    page += Row({Code(model::OperationStateName(facts.state)),
                 OrDash(facts.persisted),
                 OrDash(facts.checks),
                 OrDash(facts.action),
                 OrDash(facts.timeout)});
  }
  page += "\n### Events\n\n" + Row({"event", "from", "meaning"}) + Row({"---", "---", "---"});
  for (const OperationEventFacts& facts : kEventFacts) {
    page += Row({Code(OperationEventName(facts.event)),
                 facts.by_controller ? "controller" : "agent",
                 std::string(facts.meaning)});
  }
  return page + "\nAn operation makes at most " + std::to_string(kMaxTransitions) +
         " transitions; then it is `needs_operator`.\n";
}

}  // namespace zoowarden::core
