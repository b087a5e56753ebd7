// The one server that is down, starting or unproved by our doing: pass its gate, or take it back.
#include "core/run_internal.h"

#include <algorithm>

namespace zoowarden::core::internal {
namespace {

using model::OperationState;

const model::Generation& GenerationOf(const ServerRun& server, const std::string& digest) {
  return digest == server.target.digest ? server.target : server.origin;
}

// It is down: going back counts for nothing and repairs.
void SendBackDown(Turn& turn, const ServerRun& server, const std::string& why) {
  if (turn.WaitedFor("back " + Name(server.id),
                     Name(server.id) + " to begin to go back",
                     AgentPatience(turn.state()))) {
    Halt(turn, "rollback.ignored", Name(server.id) + " is down and does not go back: " + why);
    return;
  }
  turn.Do({.kind = ActionKind::kRollBack,
           .server = server.id,
           .operation_id = turn.Seen(server.id).operation.operation_id});
  turn.Tell("going_back", server.id, Name(server.id) + " is down and goes back: " + why);
}

void SendBackWithPermit(Turn& turn, const ServerRun& server, const StopGate& gate) {
  auto& state = turn.state();
  if (++state.permit_refusals > kMaxPermitRefusals) {
    Halt(turn, "permit.refused", "permits to take " + Name(server.id) + " back keep expiring");
    return;
  }
  turn.Do({.kind = ActionKind::kRollBack,
           .server = server.id,
           .operation_id = turn.Seen(server.id).operation.operation_id,
           .permit_id = turn.memory().permit->id});
  turn.ForgetGoodRounds();
  turn.Tell("going_back",
            server.id,
            Name(server.id) + " goes back: " + server.failure + "; " + gate.arithmetic.sentence);
}

}  // namespace

// It is stopped as carefully as on the way forward.
void SendBackServing(Turn& turn, const ServerRun& server) {
  auto& state = turn.state();
  const auto gate = MayStop(state.members,
                            turn.input.round,
                            turn.out.conclusions,
                            {.server = server.id, .allow_outage = state.allow_outage});
  const auto key = "take back " + Name(server.id);
  const auto before = "before taking " + Name(server.id) + " back: ";
  const auto other = OtherInFlight(turn, server.id);
  if (!gate.open || !other.empty()) {
    const auto& why = gate.open ? other : gate.why;
    turn.ForgetGoodRounds();
    if (turn.WaitedFor(key, before + why, state.policy.step_timeout)) {
      Halt(
          turn, "gate.before_going_back", "it is not safe to stop " + Name(server.id) + ": " + why);
    }
    return;
  }
  const int good = turn.CountGoodRound(key);
  if (turn.HasPermit(server.id)) {
    SendBackWithPermit(turn, server, gate);
    return;
  }
  if (turn.WaitedFor(key, before + CountedRounds(state, good), 2 * state.policy.step_timeout)) {
    Halt(turn, "gate.before_going_back", Name(server.id) + " could not be taken back in time");
    return;
  }
  if (good >= state.policy.good_rounds) {
    turn.Tell("stop_intended",
              server.id,
              Name(server.id) + " will be taken back: " + gate.arithmetic.sentence);
    turn.Do({.kind = ActionKind::kRequestPermit,
             .server = server.id,
             .operation_id = turn.Seen(server.id).operation.operation_id});
  }
}

std::string Veto(const Turn& turn) {
  for (const auto& check : turn.input.checks) {
    if (!check.passed) {
      return "check '" + check.name + "' vetoed: " + check.text;
    }
  }
  return "";
}

namespace {

// The gate failed by the server's own fault, or the run turned round: back it goes.
void TakeBack(Turn& turn, ServerRun& server, const std::string& why, bool serving) {
  auto& state = turn.state();
  turn.memory().passed_since.reset();
  if (!server.failed) {
    server.failed = true;
    server.failure = why;
    turn.ForgetGoodRounds();
    turn.Tell("gate_failed", server.id, Name(server.id) + ": " + why);
  }
  const bool halts = state.policy.on_failure == model::OnFailure::kHalt && !IsRepair(state);
  if (halts && state.goal == RunGoal::kForward) {
    Halt(turn, "gate.failed", Name(server.id) + " failed its gate: " + server.failure);
    return;
  }
  if (serving) {
    SendBackServing(turn, server);
  } else {
    SendBackDown(turn, server, why);
  }
}

// True when the soak is on; a gate that opens and closes for ever ends the run.
bool BeginSoak(Turn& turn, const ServerRun& server, const StartGate& gate) {
  auto& memory = turn.memory();
  if (memory.passed_since) {
    return true;
  }
  if (++memory.soaks > kMaxSoaks) {
    Halt(turn,
         "gate.unstable",
         "the gate of " + Name(server.id) + " opened and closed " + std::to_string(kMaxSoaks) +
             " times");
    return false;
  }
  memory.passed_since = turn.input.now;
  memory.passed_round = turn.input.round.number;
  turn.Progress();
  turn.Tell("gate_passed",
            server.id,
            Name(server.id) + ": " + gate.evidence,
            EvidenceOf(turn.input.round, turn.Seen(server.id)));
  return true;
}

void Soak(Turn& turn, ServerRun& server, const StartGate& gate) {
  auto& state = turn.state();
  if (!BeginSoak(turn, server, gate)) {
    return;
  }
  if (ChecksApply(state) && !turn.input.checks_ran) {
    turn.out.want_checks = true;
    turn.out.waiting = "the ensemble's own checks";
    return;
  }
  if (const auto veto = Veto(turn); ChecksApply(state) && !veto.empty()) {
    TakeBack(turn, server, veto, /*serving=*/true);
    return;
  }
  // Even without a soak one more round follows, whose canary was committed after it had joined.
  const auto soaked = turn.input.now - *turn.memory().passed_since;
  if (soaked < state.policy.soak || turn.input.round.number == turn.memory().passed_round) {
    const auto left = std::max(state.policy.soak - soaked, std::chrono::milliseconds(0));
    const auto tenths = (left.count() + 99) / 100;  // rounded up: it is not over before 0.0
    turn.out.waiting = "the soak of " + Name(server.id) + ": " + std::to_string(tenths / 10) + "." +
                       std::to_string(tenths % 10) + " s left";
    turn.out.want_checks = ChecksApply(state);
    return;
  }
  if (turn.WaitedFor("commit", Name(server.id) + " to commit", AgentPatience(state))) {
    Halt(turn, "commit.ignored", Name(server.id) + " passed its gate and does not commit");
    return;
  }
  turn.Do({.kind = ActionKind::kCommit,
           .server = server.id,
           .operation_id = turn.Seen(server.id).operation.operation_id});
  turn.Tell("commit",
            server.id,
            Name(server.id) + " stayed proved for its soak: " + gate.evidence,
            EvidenceOf(turn.input.round, turn.Seen(server.id)));
}

void Verify(Turn& turn, ServerRun& server) {
  auto& state = turn.state();
  const auto& operation = turn.Seen(server.id).operation;
  // Whoever started a member that was down repaired it, and one that waited for the quorum is late
  // by no fault of its own.
  const bool repair = IsRepair(state);
  const StartQuestion question{.server = server.id,
                               .operation_id = repair ? "" : operation.operation_id,
                               .wanted = GenerationOf(server, operation.to_generation),
                               .passed_before = repair || turn.memory().soaks > 0,
                               .alone = repair};
  const auto gate = GateAfterStart(state.members, turn.input.round, turn.out.conclusions, question);
  const bool wrong_way = operation.to_generation != WantedOf(state, server).digest;
  if (server.failed || wrong_way) {
    const auto why = wrong_way && !server.failed ? "the run goes back" : server.failure;
    const bool serving = !IsDown(turn.Seen(server.id));
    TakeBack(turn, server, why, serving);
    return;
  }
  if (gate.passed) {
    Soak(turn, server, gate);
    return;
  }
  turn.memory().passed_since.reset();
  switch (gate.fault) {
    case Fault::kServer:
      TakeBack(turn, server, gate.why, gate.serving);
      return;
    case Fault::kNone:
    case Fault::kNotYet:
    case Fault::kOthers:
      break;
  }
  if (turn.WaitedFor("verify", Name(server.id) + ": " + gate.why, 2 * state.policy.step_timeout)) {
    Halt(turn,
         "gate.after_start",
         "the gate of " + Name(server.id) +
             " cannot be passed, and not by its own fault: " + gate.why);
  }
}

void Stuck(Turn& turn, const ServerRun& server) {
  turn.End(RunOutcome::kStuck,
           "server.needs_operator",
           Name(server.id) + " needs an operator: " + turn.Seen(server.id).operation.failure +
               " (" + DescribeServers(turn.state(), turn.input.round) + ")");
}

// Going back failed as well and a person opened the run again, or the agent went that way alone:
// what is proved now is settled by what it runs, what is down gets one more try.
void NeedsOperator(Turn& turn, ServerRun& server) {
  const auto& seen = turn.Seen(server.id);
  const auto& wanted = WantedOf(turn.state(), server).digest;
  const auto& id = seen.operation.operation_id;
  const bool proved = turn.out.conclusions.IsProved(server.id) && seen.current &&
                      seen.current->digest == seen.process->generation;
  const bool runs_new = proved && seen.process->generation == seen.operation.to_generation;
  const bool runs_old = proved && seen.process->generation == seen.operation.from_generation;
  const bool goes_back = runs_new && seen.operation.to_generation != wanted;
  if (server.failed && !goes_back) {
    Stuck(turn, server);
    return;
  }
  if (goes_back) {
    TakeBack(turn, server, "the run goes back", /*serving=*/true);
  } else if (runs_new) {
    turn.Do({.kind = ActionKind::kCommit, .server = server.id, .operation_id = id});
    turn.Tell("settled", server.id, Name(server.id) + " is proved on generation " + wanted);
  } else if (runs_old) {
    turn.Do({.kind = ActionKind::kClose, .server = server.id, .operation_id = id});
    turn.Tell("settled",
              server.id,
              Name(server.id) + " is proved on generation " + seen.process->generation);
    if (seen.process->generation != wanted) {
      server.failure = seen.operation.failure;
      AfterFailure(turn, server);
    }
  } else if (IsDown(seen)) {
    server.failed = true;
    server.failure = seen.operation.failure;
    turn.Do({.kind = ActionKind::kRollBack, .server = server.id, .operation_id = id});
    turn.Tell("going_back", server.id, Name(server.id) + " is down: trying to go back again");
  } else if (turn.WaitedFor("operator",
                            Name(server.id) + " to be proved or down",
                            turn.state().policy.step_timeout)) {
    Stuck(turn, server);
  }
}

}  // namespace

void InFlight(Turn& turn, ServerRun& server) {
  auto& state = turn.state();
  state.attempt = server.id;
  const auto& seen = turn.Seen(server.id);
  if (!seen.answered) {
    turn.ForgetGoodRounds();
    if (turn.WaitedFor(
            "silent",
            Name(server.id) + ": its agent does not answer; what it was told it finishes alone",
            AgentPatience(state))) {
      Halt(
          turn,
          "agent.silent",
          "the agent of " + Name(server.id) + " does not answer while its server is being changed");
    }
    return;
  }
  turn.memory().stop_sent.reset();
  turn.memory().doubtful.reset();
  const auto operation = seen.operation.state;
  if (operation == OperationState::kVerifying || operation == OperationState::kUnconfirmed) {
    Verify(turn, server);
    return;
  }
  if (operation == OperationState::kNeedsOperator) {
    NeedsOperator(turn, server);
    return;
  }
  const std::string name(model::OperationStateName(operation));
  if (turn.WaitedFor("operation " + name, Name(server.id) + " is " + name, AgentPatience(state))) {
    Halt(turn, "operation.slow", Name(server.id) + " stays in state " + name);
  }
}

}  // namespace zoowarden::core::internal
