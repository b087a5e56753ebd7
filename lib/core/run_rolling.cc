// One server after the other, in either direction: whose turn it is, and the gate before its stop.
#include "core/plan.h"
#include "core/run_internal.h"

#include <algorithm>

namespace zoowarden::core::internal {
namespace {

using model::OperationState;
using model::ServerId;

std::string Name(ServerId id) { return "server " + model::ToString(id); }

bool IsDone(const RunState& state, const ServerRun& server, const model::MemberObservation& seen) {
  const auto& wanted = WantedOf(state, server);
  return seen.current && seen.current->digest == wanted.digest &&
         !(IsOwnOperation(state, seen.operation) && model::IsInFlight(seen.operation.state));
}

// Forward: observers, followers, the leader last. Back: the reverse of the order in which they were
// done, again the leader last.
std::vector<ServerId> TurnOrder(const RunState& state, std::optional<ServerId> leader) {
  auto order = RollOrder(state.members, leader);
  if (state.goal == RunGoal::kForward) {
    return order;
  }
  const auto rank = [&](ServerId id) {
    const auto found = std::find(state.done.rbegin(), state.done.rend(), id);
    return id == leader ? static_cast<std::ptrdiff_t>(state.done.size()) + 1
                        : std::distance(state.done.rbegin(), found);
  };
  std::stable_sort(
      order.begin(), order.end(), [&](ServerId a, ServerId b) { return rank(a) < rank(b); });
  return order;
}

// The server that is, or may be, down by our doing.
ServerRun* FindInFlight(Turn& turn) {
  auto& state = turn.state();
  for (auto& server : state.servers) {
    const auto& seen = turn.Seen(server.id);
    const bool silent = !seen.answered && state.attempt == server.id;
    const bool in_flight = seen.answered && IsOwnOperation(state, seen.operation) &&
                           model::IsInFlight(seen.operation.state);
    if (silent || in_flight) {
      return &server;
    }
  }
  return nullptr;
}

// The attempt's operation came back to old by itself or by our word: what follows is policy's to
// say.
ServerRun* FindGoneBack(Turn& turn) {
  auto& state = turn.state();
  for (auto& server : state.servers) {
    const auto& operation = turn.Seen(server.id).operation;
    if (IsOwnOperation(state, operation) && operation.state == OperationState::kRolledBack &&
        operation.to_generation == WantedOf(state, server).digest && state.attempt == server.id) {
      if (server.failure.empty()) {
        server.failure = operation.failure;
      }
      return &server;
    }
  }
  return nullptr;
}

void NoteDone(Turn& turn) {
  auto& state = turn.state();
  for (auto& server : state.servers) {
    const auto& seen = turn.Seen(server.id);
    if (!seen.answered || !server.changed || !IsDone(state, server, seen)) {
      continue;
    }
    const bool listed =
        std::find(state.done.begin(), state.done.end(), server.id) != state.done.end();
    const bool forward = state.goal == RunGoal::kForward;
    if (forward != listed) {
      if (forward) {
        state.done.push_back(server.id);
      } else {
        std::erase(state.done, server.id);
      }
      state.permit_refusals = 0;
      turn.Tell("server_done",
                server.id,
                Name(server.id) + " runs " + WantedOf(state, server).version.ToString() +
                    " (generation " + WantedOf(state, server).digest + ")");
    }
    if (state.attempt == server.id) {
      state.attempt.reset();
    }
  }
}

// Makes the operation to the wanted generation ready on this server. True when it is.
bool EnsureStaged(Turn& turn, const ServerRun& server, const model::MemberObservation& seen) {
  const auto& operation = seen.operation;
  const auto& wanted = WantedOf(turn.state(), server);
  if (operation.state == OperationState::kStaged && operation.to_generation == wanted.digest &&
      IsOwnOperation(turn.state(), operation)) {
    return true;
  }
  if (operation.state == OperationState::kStaging) {
    return false;
  }
  if (operation.state == OperationState::kStaged) {
    turn.Do(
        {.kind = ActionKind::kClose, .server = server.id, .operation_id = operation.operation_id});
    turn.Tell("dropped", server.id, "dropping the staged operation " + operation.operation_id);
    return false;
  }
  turn.Do({.kind = ActionKind::kBegin,
           .server = server.id,
           .operation_id = NewOperationId(turn.state()),
           .to_generation = wanted.digest});
  turn.Tell("staging",
            server.id,
            "staging the generation " + wanted.digest + " (" + wanted.version.ToString() +
                ") that is on the server");
  return false;
}

std::string IntentText(const RunState& state, const ServerRun& server, const StopGate& gate) {
  const auto& wanted = WantedOf(state, server);
  return Name(server.id) + (gate.down ? " is down and will be restarted on " : " will go to ") +
         wanted.version.ToString() + " (generation " + wanted.digest +
         "): " + gate.arithmetic.sentence;
}

// The stop itself: intent on a majority, then the permit, then one more round, then the stop.
void StepTowardsStop(Turn& turn, ServerRun& server, const StopGate& gate) {
  auto& memory = turn.memory();
  auto& state = turn.state();
  const auto& operation = turn.Seen(server.id).operation;
  const bool has_permit = memory.permit && memory.permit->server == server.id &&
                          turn.input.round.number > memory.permit->round;
  if (has_permit || gate.down) {
    turn.Do({.kind = ActionKind::kProceed,
             .server = server.id,
             .operation_id = operation.operation_id,
             .permit_id = gate.down ? "" : memory.permit->id});
    memory.permit.reset();
    memory.good_rounds = 0;
    memory.passed_since.reset();
    turn.StopWaiting();
    state.attempt = server.id;
    server.changed = true;
    turn.Tell("proceed", server.id, IntentText(state, server, gate));
    return;
  }
  state.attempt = server.id;
  server.changed = true;
  std::string evidence;
  for (const auto& member : turn.out.conclusions.members) {
    evidence += "; server " + model::ToString(member.id) + " " +
                std::string(StandingName(member.standing)) + ": " +
                (member.evidence.empty() ? member.why : member.evidence);
  }
  turn.Tell("stop_intended", server.id, IntentText(state, server, gate) + evidence);
  turn.Do({.kind = ActionKind::kRequestPermit,
           .server = server.id,
           .operation_id = operation.operation_id});
}

void GiveUpWaiting(Turn& turn, const std::string& why) {
  auto& state = turn.state();
  const bool untouched =
      std::none_of(state.servers.begin(), state.servers.end(), [&](const ServerRun& s) {
        const auto& seen = turn.Seen(s.id);
        return s.changed && (!seen.current || seen.current->digest != s.origin.digest);
      });
  turn.End(
      untouched && state.goal == RunGoal::kForward ? RunOutcome::kRefused : RunOutcome::kHalted,
      "gate.before_stop",
      why + " (" + DescribeServers(state, turn.input.round) + ")");
}

void NextServer(Turn& turn, ServerRun& server) {
  auto& state = turn.state();
  auto& memory = turn.memory();
  const auto& seen = turn.Seen(server.id);
  if (state.attempt && state.attempt != server.id) {
    state.attempt.reset();
  }
  const auto gate = MayStop(state.members,
                            turn.input.round,
                            turn.out.conclusions,
                            {.server = server.id, .allow_outage = state.allow_outage});
  if (!gate.open) {
    memory.good_rounds = 0;
    memory.permit.reset();
    if (turn.WaitedFor("before stopping " + Name(server.id) + ": " + gate.why,
                       state.policy.step_timeout)) {
      GiveUpWaiting(turn, "it is not safe to stop " + Name(server.id) + ": " + gate.why);
    }
    return;
  }
  ++memory.good_rounds;
  if (!EnsureStaged(turn, server, seen)) {
    if (turn.WaitedFor("staging on " + Name(server.id), state.policy.step_timeout)) {
      GiveUpWaiting(turn, Name(server.id) + " could not be staged: " + seen.operation.failure);
    }
    return;
  }
  if (memory.good_rounds < state.policy.good_rounds && !gate.down) {
    turn.out.waiting = "round " + std::to_string(memory.good_rounds) + " of " +
                       std::to_string(state.policy.good_rounds) + " before stopping " +
                       Name(server.id);
    return;
  }
  StepTowardsStop(turn, server, gate);
}

// A stop whose permit the agent refused: the server serves on, and the next one gets a new chance.
bool CountPermitRefusal(Turn& turn) {
  auto& state = turn.state();
  if (!state.attempt) {
    return false;
  }
  const auto& operation = turn.Seen(*state.attempt).operation;
  if (operation.state != OperationState::kStaged || operation.failure_reason != "permit.expired" ||
      turn.memory().permit) {
    return false;
  }
  ++state.permit_refusals;
  turn.Tell("permit_refused", *state.attempt, operation.failure);
  state.attempt.reset();
  turn.memory().good_rounds = 0;
  if (state.permit_refusals <= kMaxPermitRefusals) {
    return false;
  }
  turn.End(RunOutcome::kHalted,
           "permit.refused",
           "permits expired " + std::to_string(state.permit_refusals) +
               " times before they could be used: this machine or the network is too slow (" +
               DescribeServers(state, turn.input.round) + ")");
  return true;
}

}  // namespace

void Rolling(Turn& turn) {
  if (auto* server = FindGoneBack(turn)) {
    AfterFailure(turn, *server);
    return;
  }
  NoteDone(turn);
  if (auto* server = FindInFlight(turn)) {
    InFlight(turn, *server);
    return;
  }
  if (CountPermitRefusal(turn)) {
    return;
  }
  if (turn.input.stop_requested) {
    turn.out.interrupted = true;
    return;
  }
  auto& state = turn.state();
  const auto leader = turn.out.conclusions.leader;
  const auto order = TurnOrder(state, leader);
  const auto next = std::find_if(order.begin(), order.end(), [&](ServerId id) {
    return !IsDone(state, ServerOf(state, id), turn.Seen(id));
  });
  if (next == order.end()) {
    turn.StopWaiting();
    state.phase = RunPhase::kFinalCheck;
    turn.Tell("rolled", {}, "every server runs what it should; checking the whole ensemble");
    return;
  }
  NextServer(turn, ServerOf(state, *next));
}

}  // namespace zoowarden::core::internal
