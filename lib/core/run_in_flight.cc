// The one server that is down, starting or unproved by our doing: pass its gate, or take it back.
#include "core/run_internal.h"

namespace zoowarden::core::internal {
namespace {

using model::OperationState;

std::string Name(model::ServerId id) { return "server " + model::ToString(id); }

void Halt(Turn& turn, std::string reason, const std::string& why) {
  turn.End(RunOutcome::kHalted,
           std::move(reason),
           why + " (" + DescribeServers(turn.state(), turn.input.round) + ")");
}

// Patience with a state that the agent itself must leave: stop, start and going back each have the
// agent's own deadline, so this only runs out when the agent or its machine is in trouble.
std::chrono::milliseconds AgentPatience(const RunState& state) {
  return 3 * state.policy.step_timeout;
}

const model::Generation& GenerationOf(const ServerRun& server, const std::string& digest) {
  return digest == server.target.digest ? server.target : server.origin;
}

// The gate failed by the server's own fault: back it goes, with a permit if it serves.
void TakeBack(Turn& turn, ServerRun& server, const std::string& why, bool serving) {
  auto& state = turn.state();
  auto& memory = turn.memory();
  const auto& operation = turn.Seen(server.id).operation;
  memory.passed_since.reset();
  if (!server.failed) {
    server.failed = true;
    server.failure = why;
    memory.good_rounds = 0;
    turn.Tell("gate_failed", server.id, Name(server.id) + ": " + why);
  }
  if (state.policy.on_failure == model::OnFailure::kHalt && state.goal == RunGoal::kForward) {
    Halt(turn, "gate.failed", Name(server.id) + " failed its gate: " + server.failure);
    return;
  }
  const Action back{
      .kind = ActionKind::kRollBack, .server = server.id, .operation_id = operation.operation_id};
  if (!serving) {
    turn.Do(back);
    turn.Tell("going_back", server.id, Name(server.id) + " is down and goes back: " + why);
    return;
  }
  const auto gate = MayStop(state.members,
                            turn.input.round,
                            turn.out.conclusions,
                            {.server = server.id, .allow_outage = state.allow_outage});
  if (!gate.open) {
    memory.good_rounds = 0;
    memory.permit.reset();
    if (turn.WaitedFor("before taking " + Name(server.id) + " back: " + gate.why,
                       state.policy.step_timeout)) {
      Halt(turn,
           "gate.before_going_back",
           "it is not safe to stop " + Name(server.id) + ": " + gate.why);
    }
    return;
  }
  ++memory.good_rounds;
  if (memory.permit && memory.permit->server == server.id &&
      turn.input.round.number > memory.permit->round) {
    auto permitted = back;
    permitted.permit_id = memory.permit->id;
    memory.permit.reset();
    turn.Do(std::move(permitted));
    turn.Tell("going_back",
              server.id,
              Name(server.id) + " goes back: " + server.failure + "; " + gate.arithmetic.sentence);
    return;
  }
  if (memory.good_rounds < state.policy.good_rounds) {
    turn.out.waiting = "round " + std::to_string(memory.good_rounds) + " of " +
                       std::to_string(state.policy.good_rounds) + " before taking " +
                       Name(server.id) + " back";
    return;
  }
  if (++state.permit_refusals > kMaxPermitRefusals) {
    Halt(turn, "permit.refused", "permits to take " + Name(server.id) + " back keep expiring");
    return;
  }
  turn.Tell("stop_intended",
            server.id,
            Name(server.id) + " will be taken back: " + gate.arithmetic.sentence);
  turn.Do({.kind = ActionKind::kRequestPermit,
           .server = server.id,
           .operation_id = operation.operation_id});
}

// What the ensemble's own checks say in this soak, or empty.
std::string Veto(const Turn& turn) {
  for (const auto& check : turn.input.checks) {
    if (!check.passed) {
      return "check '" + check.name + "' vetoed: " + check.text;
    }
  }
  return "";
}

void Soak(Turn& turn, ServerRun& server, const StartGate& gate) {
  auto& state = turn.state();
  auto& memory = turn.memory();
  turn.StopWaiting();
  if (!memory.passed_since) {
    memory.passed_since = turn.input.now;
    turn.Tell("gate_passed", server.id, Name(server.id) + ": " + gate.evidence);
  }
  if (ChecksApply(state) && !turn.input.checks_ran) {
    turn.out.want_checks = true;
    turn.out.waiting = "the ensemble's own checks";
    return;
  }
  if (const auto veto = Veto(turn); !veto.empty()) {
    TakeBack(turn, server, veto, /*serving=*/true);
    return;
  }
  const auto soaked = turn.input.now - *memory.passed_since;
  if (soaked < state.policy.soak) {
    turn.out.waiting = "the soak of " + Name(server.id) + ": " +
                       std::to_string((state.policy.soak - soaked).count()) + " ms left";
    turn.out.want_checks = ChecksApply(state);
    return;
  }
  memory.passed_since.reset();
  turn.Do({.kind = ActionKind::kCommit,
           .server = server.id,
           .operation_id = turn.Seen(server.id).operation.operation_id});
  turn.Tell("commit", server.id, Name(server.id) + " stayed proved for its soak: " + gate.evidence);
}

void Verify(Turn& turn, ServerRun& server) {
  auto& state = turn.state();
  const auto& operation = turn.Seen(server.id).operation;
  const StartQuestion question{.server = server.id,
                               .operation_id = operation.operation_id,
                               .wanted = GenerationOf(server, operation.to_generation)};
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
  if (turn.WaitedFor(Name(server.id) + ": " + gate.why, 2 * state.policy.step_timeout)) {
    Halt(turn,
         "gate.after_start",
         "the gate of " + Name(server.id) +
             " cannot be passed, and not by its own fault: " + gate.why);
  }
}

}  // namespace

void InFlight(Turn& turn, ServerRun& server) {
  auto& state = turn.state();
  state.attempt = server.id;
  const auto& seen = turn.Seen(server.id);
  if (!seen.answered) {
    if (turn.WaitedFor(Name(server.id) + ": its agent does not answer; it finishes alone",
                       AgentPatience(state))) {
      Halt(
          turn,
          "agent.silent",
          "the agent of " + Name(server.id) + " does not answer while its server is being changed");
    }
    return;
  }
  switch (seen.operation.state) {
    case OperationState::kVerifying:
    case OperationState::kUnconfirmed:
      Verify(turn, server);
      return;
    case OperationState::kNeedsOperator:
      if (server.failed || !IsDown(seen)) {
        turn.End(RunOutcome::kStuck,
                 "server.needs_operator",
                 Name(server.id) + " needs an operator: " + seen.operation.failure + " (" +
                     DescribeServers(state, turn.input.round) + ")");
        return;
      }
      server.failed = true;  // one more try to go back, when a person opened the run again
      server.failure = seen.operation.failure;
      turn.Do({.kind = ActionKind::kRollBack,
               .server = server.id,
               .operation_id = seen.operation.operation_id});
      turn.Tell("going_back", server.id, Name(server.id) + " is down: trying to go back again");
      return;
    case OperationState::kIdle:
    case OperationState::kStaging:
    case OperationState::kStaged:
    case OperationState::kCommitted:
    case OperationState::kRolledBack:
    case OperationState::kStopping:
    case OperationState::kSwitching:
    case OperationState::kStarting:
    case OperationState::kRollingBack:
    case OperationState::kRestartingOld:
    case OperationState::kVerifyingOld:
      break;
  }
  if (turn.WaitedFor(
          Name(server.id) + " is " + std::string(model::OperationStateName(seen.operation.state)),
          AgentPatience(state))) {
    Halt(turn,
         "operation.slow",
         Name(server.id) + " stays in state " +
             std::string(model::OperationStateName(seen.operation.state)));
  }
}

}  // namespace zoowarden::core::internal
