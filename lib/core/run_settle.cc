// One server whose operation waits for a person, settled as that person said. Whatever the word is,
// a member that may be serving is stopped behind the gates of any stop only, and a member is
// confirmed only when it is proved.
#include "core/run_internal.h"

namespace zoowarden::core::internal {
namespace {

using model::OperationState;

bool Waits(const model::MemberObservation& seen) {
  return seen.answered && (seen.operation.state == OperationState::kUnconfirmed ||
                           seen.operation.state == OperationState::kNeedsOperator);
}

void Refuse(Turn& turn, std::string reason, const std::string& why) {
  turn.End(RunOutcome::kRefused,
           std::move(reason),
           why + "; nothing was changed (" + DescribeServers(turn.state(), turn.input.round) + ")");
}

void Ask(Turn& turn, ActionKind kind, std::string event, const std::string& text) {
  auto& settlement = *turn.state().settlement;
  settlement.asked = true;
  turn.Do({.kind = kind, .server = settlement.server, .operation_id = settlement.operation_id});
  turn.Tell(std::move(event),
            settlement.server,
            Name(settlement.server) + text,
            EvidenceOf(turn.input.round, turn.Seen(settlement.server)));
}

bool RunsOld(const model::MemberObservation& seen) {
  return seen.operation.state == OperationState::kNeedsOperator && seen.process &&
         !seen.operation.from_generation.empty() &&
         seen.process->generation == seen.operation.from_generation;
}

// Why this member must not be confirmed, or empty. Another member that is down is no obstacle:
// confirming one is often the way to repairing the other.
std::string NotConfirmable(const Turn& turn, model::ServerId id) {
  const auto& seen = turn.Seen(id);
  if (seen.operation.to_generation.empty() && !RunsOld(seen)) {
    return IsDown(seen) ? "" : Name(id) + " was to be removed and is not known to be down";
  }
  const auto& conclusion = turn.out.conclusions.Of(id);
  if (conclusion.standing != Standing::kProved) {
    return Name(id) + " is " + std::string(StandingName(conclusion.standing)) + ": " +
           conclusion.why;
  }
  const auto& runs = seen.process->generation;
  if (runs != seen.operation.to_generation && !RunsOld(seen)) {
    return Name(id) + " runs generation '" + runs + "', which is not the one of operation " +
           seen.operation.operation_id;
  }
  if (!seen.current || seen.current->digest != runs) {
    return Name(id) + " runs generation '" + runs + "' while '" +
           (seen.current ? seen.current->digest : "") + "' is current";
  }
  const auto gate = GateAfterStart(turn.out.state.members,
                                   turn.input.round,
                                   turn.out.conclusions,
                                   {.server = id,
                                    .operation_id = "",  // a person may have started it
                                    .wanted = *seen.current,
                                    .alone = true});
  return gate.passed ? "" : Name(id) + ": " + gate.why;
}

void Confirm(Turn& turn, const ServerRun& server) {
  const auto& state = turn.out.state;
  const auto key = "confirm " + Name(server.id);
  if (const auto why = NotConfirmable(turn, server.id); !why.empty()) {
    turn.ForgetGoodRounds();
    if (turn.WaitedFor(key, "before confirming: " + why, kPreflightPatience)) {
      Refuse(turn, "settle.not_proved", "what is not proved is not confirmed: " + why);
    }
    return;
  }
  const int good = turn.CountGoodRound(key);
  turn.out.waiting = "before confirming " + Name(server.id) + ": " + CountedRounds(state, good);
  if (good < state.policy.good_rounds) {
    return;
  }
  if (ChecksApply(state) && !turn.input.checks_ran) {
    turn.out.want_checks = true;
    turn.out.waiting = "the ensemble's own checks";
    return;
  }
  if (const auto veto = Veto(turn); !veto.empty()) {
    Refuse(turn, "settle.vetoed", Name(server.id) + " is not confirmed: " + veto);
    return;
  }
  const auto& seen = turn.Seen(server.id);
  const auto text = !seen.process ? " is removed and down"
                                  : " is proved on generation " + seen.process->generation + ": " +
                                        turn.out.conclusions.Of(server.id).evidence;
  if (RunsOld(seen)) {
    Ask(turn, ActionKind::kClose, "settled", text);
  } else {
    Ask(turn, ActionKind::kCommit, "commit", text);
  }
}

void Retry(Turn& turn, ServerRun& server) {
  const auto& seen = turn.Seen(server.id);
  if (seen.process) {
    Refuse(turn,
           "settle.still_runs",
           Name(server.id) + " still has process " + std::to_string(seen.process->pid) +
               " on its data directory and a retry starts one; end it first, or roll back");
    return;
  }
  if (!seen.processes_visible) {
    Refuse(turn,
           "settle.processes_hidden",
           "the agent of " + Name(server.id) +
               " cannot prove that no ZooKeeper serves the data directory: " +
               (seen.problem.empty()
                    ? "it may not see other users' processes; give it that right (hidepid)"
                    : seen.problem));
    return;
  }
  server.changed = true;
  Ask(turn,
      ActionKind::kProceed,
      "proceed",
      " is down and will be started on generation " + server.target.digest + " once more");
}

// Proved on the generation that it is to go back to. Where the agent could not point `current`
// back, the next start would be the new one's: it does that now, and stops no process of the old
// one.
void TakeBackWhatRunsOld(Turn& turn, const model::MemberObservation& seen) {
  const auto& runs = seen.process->generation;
  const std::string proved = " is proved on its old generation " + runs;
  if (seen.current && seen.current->digest == runs) {
    Ask(turn, ActionKind::kClose, "settled", proved);
  } else {
    Ask(turn,
        ActionKind::kRollBack,
        "going_back",
        proved + ", and '" + (seen.current ? seen.current->digest : "") +
            "', which is current, is left");
  }
}

void TakeBack(Turn& turn, ServerRun& server) {
  const auto& seen = turn.Seen(server.id);
  server.failure = "its operator takes it back";
  if (RunsOld(seen) && turn.out.conclusions.IsProved(server.id)) {
    TakeBackWhatRunsOld(turn, seen);
  } else if (IsDown(seen)) {
    server.changed = true;
    Ask(turn, ActionKind::kRollBack, "going_back", " is down and goes back");
  } else {
    SendBackServing(turn, server);
  }
}

void ActAsAsked(Turn& turn, ServerRun& server) {
  switch (turn.state().settlement->verb) {
    case SettleVerb::kConfirm:
      Confirm(turn, server);
      return;
    case SettleVerb::kRetry:
      Retry(turn, server);
      return;
    case SettleVerb::kRollBack:
      TakeBack(turn, server);
      return;
    case SettleVerb::kClose:
      Ask(turn, ActionKind::kClose, "closing", " is left as it is, its operation is forgotten");
      return;
  }
}

void Settled(Turn& turn, const model::MemberObservation& seen) {
  const auto& state = turn.out.state;
  const auto verb = state.settlement->verb;
  const auto text = Name(seen.id) + ", operation " + seen.operation.operation_id + ": " +
                    std::string(model::OperationStateName(seen.operation.state)) + " (" +
                    DescribeServers(state, turn.input.round) + ")";
  if (verb == SettleVerb::kRollBack || seen.operation.state == OperationState::kRolledBack) {
    turn.End(RunOutcome::kRolledBack, "settle.rolled_back", text);
  } else {
    turn.End(RunOutcome::kSucceeded, "settle.done", text);
  }
}

// True when this round ended the run or has nothing to act on.
bool IsOver(Turn& turn, const model::MemberObservation& seen) {
  auto& settlement = *turn.state().settlement;
  if (turn.memory().refused_calls > kMaxRefusedCalls) {
    Halt(turn, "agent.refuses", turn.memory().last_refusal);
    return true;
  }
  if (!seen.answered) {
    if (!settlement.asked &&
        turn.WaitedFor("silent", "the agent of " + Name(seen.id), kPreflightPatience)) {
      Refuse(turn, "agent.silent", "the agent of " + Name(seen.id) + " does not answer");
    }
    return !settlement.asked;
  }
  if (seen.operation.operation_id != settlement.operation_id) {
    Refuse(turn,
           "settle.moved",
           Name(seen.id) + " has operation " + seen.operation.operation_id + " by now, not " +
               settlement.operation_id);
    return true;
  }
  if (!model::IsInFlight(seen.operation.state)) {
    Settled(turn, seen);
    return true;
  }
  turn.out.interrupted = Waits(seen) && turn.input.stop_requested;
  return turn.out.interrupted;
}

}  // namespace

void Settling(Turn& turn) {
  auto& state = turn.state();
  auto& settlement = *state.settlement;
  auto& server = ServerOf(state, settlement.server);
  const auto& seen = turn.Seen(server.id);
  if (IsOver(turn, seen)) {
    return;
  }
  // A permit that came too late leads back to unconfirmed, and to the question once more.
  const bool again = seen.operation.state == OperationState::kUnconfirmed &&
                     settlement.verb == SettleVerb::kRollBack;
  if (Waits(seen) && (!settlement.asked || again)) {
    ActAsAsked(turn, server);
    return;
  }
  if (Waits(seen) && seen.operation.state == OperationState::kNeedsOperator) {
    turn.End(RunOutcome::kStuck,
             "server.needs_operator",
             Name(server.id) + " needs an operator again: " + seen.operation.failure + " (" +
                 DescribeServers(state, turn.input.round) + ")");
    return;
  }
  settlement.asked = true;
  settlement.under_way = settlement.under_way || (seen.answered && !Waits(seen));
  InFlight(turn, server);
}

}  // namespace zoowarden::core::internal
