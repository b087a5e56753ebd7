// One server after the other, in either direction: whose turn it is, and the gate before its stop.
#include "core/plan.h"
#include "core/run_internal.h"

#include <algorithm>
#include <utility>

namespace zoowarden::core::internal {
namespace {

using model::OperationState;
using model::ServerId;

// The server of the attempt whose agent has given the stop up, as one does that was restarted and
// has no permit any more: only a server that is proved again tells that it is not down by it.
bool IsStopUnclear(Turn& turn, ServerId server) {
  const auto& operation = turn.Seen(server).operation;
  const bool agent_knows =
      IsOwnOperation(turn.state(), operation) &&
      (model::IsInFlight(operation.state) || operation.state == OperationState::kCommitted ||
       operation.state == OperationState::kRolledBack);
  return turn.state().attempt == server && !agent_knows && !turn.out.conclusions.IsProved(server);
}

// Generations do not tell whether it was started again: its operation does, until it is done.
bool WasRestarted(const RunState& state,
                  const ServerRun& server,
                  const model::MemberObservation& seen) {
  return std::find(state.done.begin(), state.done.end(), server.id) != state.done.end() ||
         (IsOwnOperation(state, seen.operation) &&
          seen.operation.state == OperationState::kCommitted);
}

bool IsDone(const RunState& state, const ServerRun& server, const model::MemberObservation& seen) {
  const auto& wanted = WantedOf(state, server);
  if (server.restart && state.goal == RunGoal::kForward && !WasRestarted(state, server, seen)) {
    return false;
  }
  return seen.answered && seen.current && seen.current->digest == wanted.digest &&
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

// Whose turn it is. On the way back a server that is down goes first: the others' gates would wait
// for it.
std::optional<ServerId> NextInTurn(Turn& turn) {
  const auto& state = turn.state();
  const auto& conclusions = turn.out.conclusions;
  auto order = TurnOrder(state, conclusions.leader);
  std::erase_if(order, [&](ServerId id) {
    return IsDone(state, ServerOf(state, id), turn.Seen(id)) && !IsStopUnclear(turn, id);
  });
  if (order.empty()) {
    return std::nullopt;
  }
  const auto down = std::find_if(order.begin(), order.end(), [&](ServerId id) {
    return state.goal == RunGoal::kBack && conclusions.Of(id).standing == Standing::kDown;
  });
  return down == order.end() ? order.front() : *down;
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

}  // namespace

ServerRun* FindGoneBack(Turn& turn) {
  auto& state = turn.state();
  for (auto& server : state.servers) {
    const auto& operation = turn.Seen(server.id).operation;
    // On the way back a restart that came to that is where it shall be.
    if (server.restart && !server.repair && state.goal == RunGoal::kBack) {
      continue;
    }
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
    if (!seen.answered || !server.changed || !IsDone(state, server, seen) ||
        IsStopUnclear(turn, server.id)) {
      continue;
    }
    const bool listed =
        std::find(state.done.begin(), state.done.end(), server.id) != state.done.end();
    const bool forward = state.goal == RunGoal::kForward;
    // Back from the middle of its step, or never stopped in it, it was not among those that are
    // done.
    const bool back_from_step = !forward && state.attempt == server.id;
    if (forward != listed || back_from_step) {
      if (forward) {
        state.done.push_back(server.id);
      } else {
        std::erase(state.done, server.id);
      }
      OweAfter(state,
               {.when = model::HookPoint::kAfterStep, .server = server.id, .back = !forward});
      turn.Tell("server_done",
                server.id,
                Name(server.id) + " runs " + WantedOf(state, server).version.ToString() +
                    " (generation " + WantedOf(state, server).digest + ")");
    }
    if (state.attempt == server.id) {
      state.attempt.reset();
      state.permit_refusals = 0;
      turn.memory().soaks = 0;
      turn.memory().passed_since.reset();
      turn.Progress();
    }
  }
}

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

void Proceed(Turn& turn, ServerRun& server, std::string permit_id, std::string intent) {
  auto& memory = turn.memory();
  turn.Do({.kind = ActionKind::kProceed,
           .server = server.id,
           .operation_id = turn.Seen(server.id).operation.operation_id,
           .permit_id = std::move(permit_id)});
  turn.ForgetGoodRounds();
  turn.Progress();
  memory.passed_since.reset();
  memory.soaks = 0;
  memory.stop_sent = server.id;
  turn.state().attempt = server.id;
  server.changed = true;
  turn.Tell("proceed", server.id, std::move(intent));
}

namespace {

std::string IntentText(const RunState& state, const ServerRun& server, const StopGate& gate) {
  const auto& wanted = WantedOf(state, server);
  const std::string will = gate.down        ? " is down and will be restarted on "
                           : server.restart ? " will be restarted on "
                                            : " will go to ";
  return Name(server.id) + will + wanted.version.ToString() + " (generation " + wanted.digest +
         "): " + gate.arithmetic.sentence;
}

// The intent goes to a majority before the permit is asked for; the stop follows in the next round.
void IntendStop(Turn& turn, ServerRun& server, const StopGate& gate) {
  turn.state().attempt = server.id;
  server.changed = true;
  std::string text;
  auto evidence = EvidenceOf(turn.input.round);
  for (const auto& member : turn.out.conclusions.members) {
    const auto standing = std::string(StandingName(member.standing)) + ": " +
                          (member.evidence.empty() ? member.why : member.evidence);
    text += "; " + Name(member.id) + " " + standing;
    evidence[Name(member.id)] = standing;
  }
  turn.Tell("stop_intended",
            server.id,
            IntentText(turn.state(), server, gate) + text,
            std::move(evidence));
  turn.Do({.kind = ActionKind::kRequestPermit,
           .server = server.id,
           .operation_id = turn.Seen(server.id).operation.operation_id});
}

void GiveUpWaiting(Turn& turn, const std::string& why) {
  const bool refused = NothingChanged(turn) && turn.state().goal == RunGoal::kForward;
  turn.End(refused ? RunOutcome::kRefused : RunOutcome::kHalted,
           "gate.before_stop",
           why + " (" + DescribeServers(turn.state(), turn.input.round) + ")");
}

// What forbids any stop now, whatever the gate of this server says, or empty.
std::string StopForbidden(Turn& turn, const ServerRun& server) {
  const auto& state = turn.state();
  const auto& memory = turn.memory();
  if (auto other = OtherInFlight(turn, server.id); !other.empty()) {
    return other;
  }
  if (memory.doubtful && memory.doubtful != server.id &&
      turn.input.now - memory.doubt_since.value_or(turn.input.now) <= model::kPermitLife) {
    return Name(*memory.doubtful) + " was told to stop and its answer never came";
  }
  if (state.goal == RunGoal::kForward && server.failed) {
    return Name(server.id) + " has failed: " + server.failure;
  }
  return "";
}

// The hooks before this step. True when it may go on; one that is down on the way back does not
// wait for anybody.
bool MayBegin(Turn& turn, const ServerRun& server, const StopGate& gate) {
  const bool back = turn.state().goal == RunGoal::kBack;
  if (gate.down && back) {
    return true;
  }
  if (!turn.state().hooks.owed.empty()) {
    return false;
  }
  const HookCall call{.when = model::HookPoint::kBeforeStep, .server = server.id, .back = back};
  std::string veto;
  const auto verdict = TellBefore(turn, call, veto);
  if (verdict == HookVerdict::kVetoed) {
    const bool refused = NothingChanged(turn);
    turn.End(refused ? RunOutcome::kRefused : RunOutcome::kHalted,
             "hook.vetoed",
             Name(server.id) + " was not touched: " + veto + " (" +
                 DescribeServers(turn.state(), turn.input.round) + ")");
  }
  return verdict == HookVerdict::kGoOn;
}

void NextServer(Turn& turn, ServerRun& server) {
  auto& state = turn.state();
  const auto gate = MayStop(state.members,
                            turn.input.round,
                            turn.out.conclusions,
                            {.server = server.id, .allow_outage = state.allow_outage});
  const auto forbidden = StopForbidden(turn, server);
  const auto before = "before stopping " + Name(server.id) + ": ";
  const auto key = "stop " + model::ToString(server.id);
  if (!gate.open || !forbidden.empty()) {
    const auto why = forbidden.empty() ? gate.why : forbidden;
    turn.ForgetGoodRounds();
    if (turn.WaitedFor(key, before + why, state.policy.step_timeout)) {
      GiveUpWaiting(turn, "it is not safe to stop " + Name(server.id) + ": " + why);
    }
    return;
  }
  if (state.attempt != server.id) {
    state.attempt.reset();
  }
  const int good = turn.CountGoodRound(key);
  if (!EnsureStaged(turn, server, turn.Seen(server.id))) {
    if (turn.WaitedFor("stage " + Name(server.id),
                       "staging on " + Name(server.id),
                       state.policy.step_timeout)) {
      GiveUpWaiting(turn,
                    Name(server.id) + " could not be staged: " +
                        turn.Seen(server.id).operation.failure + turn.memory().last_refusal);
    }
    return;
  }
  if (!MayBegin(turn, server, gate)) {
    return;
  }
  if (turn.HasPermit(server.id) || gate.down) {
    Proceed(
        turn, server, gate.down ? "" : turn.memory().permit->id, IntentText(state, server, gate));
    return;
  }
  // Good rounds that never lead to a stop end too: a leader that moves in every round, say.
  if (turn.WaitedFor(key, before + CountedRounds(state, good), 2 * state.policy.step_timeout)) {
    GiveUpWaiting(turn,
                  Name(server.id) + " could not be stopped in time; " + turn.memory().last_refusal);
    return;
  }
  if (good >= state.policy.good_rounds) {
    IntendStop(turn, server, gate);
  }
}

// Nobody else is stopped before it is back.
void AwaitStopped(Turn& turn, ServerId id) {
  const auto why =
      Name(id) + " was told to stop and is not back: " + turn.out.conclusions.Of(id).why;
  if (turn.WaitedFor("back " + model::ToString(id), why, turn.state().policy.step_timeout)) {
    GiveUpWaiting(turn, "it is not safe to stop another server: " + why);
  }
}

// A stop that its agent did not carry out: the permit had expired and the server serves on.
bool CountPermitRefusal(Turn& turn) {
  auto& state = turn.state();
  const auto sent = std::exchange(turn.memory().stop_sent, std::nullopt);
  if (!sent || state.attempt != sent) {
    return false;
  }
  const auto& operation = turn.Seen(*sent).operation;
  if (operation.state != OperationState::kStaged) {
    return false;
  }
  ++state.permit_refusals;
  turn.Tell("permit_refused",
            *sent,
            operation.failure.empty() ? turn.memory().last_refusal : operation.failure);
  turn.ForgetGoodRounds();
  if (state.permit_refusals <= kMaxPermitRefusals) {
    return false;
  }
  Halt(turn,
       "permit.refused",
       "permits expired " + std::to_string(state.permit_refusals) +
           " times before they could be used: this machine or the network is too slow");
  return true;
}

}  // namespace

void Rolling(Turn& turn) {
  if (IsRepair(turn.state())) {
    Repairing(turn);
    return;
  }
  if (auto* server = FindGoneBack(turn)) {
    AfterFailure(turn, *server);
    return;
  }
  NoteDone(turn);
  if (turn.memory().refused_calls > kMaxRefusedCalls) {
    Halt(turn, "agent.refuses", turn.memory().last_refusal);
    return;
  }
  if (auto* server = FindInFlight(turn)) {
    InFlight(turn, *server);
    return;
  }
  if (CountPermitRefusal(turn)) {
    return;
  }
  if (turn.input.stop_requested) {
    StopHere(turn);
    return;
  }
  if (StopsOverBudget(turn)) {
    return;
  }
  auto& state = turn.state();
  if (!TellAfter(turn) && state.goal == RunGoal::kForward) {
    return;
  }
  const auto next = NextInTurn(turn);
  if (state.attempt && state.attempt != next && IsStopUnclear(turn, *state.attempt)) {
    AwaitStopped(turn, *state.attempt);
    return;
  }
  if (!next) {
    turn.Progress();
    state.phase = RunPhase::kFinalCheck;
    turn.Tell("rolled", {}, "every server runs what it should; checking the whole ensemble");
    return;
  }
  NextServer(turn, ServerOf(state, *next));
}

}  // namespace zoowarden::core::internal
