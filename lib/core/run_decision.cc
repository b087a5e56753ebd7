#include "core/run_decision.h"

#include "base/check.h"
#include "core/run_internal.h"

#include <algorithm>

namespace zoowarden::core {
namespace internal {

const model::MemberObservation& Turn::Seen(model::ServerId id) const {
  const auto* seen = model::FindMember(input.round, id);
  ZW_CHECK(seen != nullptr, "server " + model::ToString(id) + " was not observed");
  return *seen;
}

void Turn::Tell(std::string kind,
                model::ServerId server,
                std::string text,
                EventEvidence evidence) {
  out.events.push_back({std::move(kind), server, std::move(text), std::move(evidence)});
}

bool Turn::WaitedFor(const std::string& gate,
                     std::string what,
                     std::chrono::milliseconds patience) {
  const auto since = memory().waits.emplace(gate, input.now).first->second;
  out.waiting = std::move(what);
  return input.now - since > patience;
}

void Turn::Progress() { memory().waits.clear(); }

int Turn::CountGoodRound(const std::string& stop) {
  if (memory().good_for != stop) {
    memory().good_for = stop;
    memory().good_rounds = 0;
  }
  return std::max(++memory().good_rounds, memory().healthy_rounds);
}

std::string CountedRounds(const RunState& state, int good) {
  return "round " + std::to_string(std::min(good, state.policy.good_rounds)) + " of " +
         std::to_string(state.policy.good_rounds);
}

void Turn::ForgetGoodRounds() { ForgetRounds(memory()); }

void ForgetRounds(RunMemory& memory) {
  memory.good_rounds = 0;
  memory.healthy_rounds = 0;
  memory.permit.reset();
}

bool Turn::HasPermit(model::ServerId id) const {
  const auto& permit = out.memory.permit;
  return permit && permit->server == id && input.round.number > permit->round;
}

void Turn::End(RunOutcome outcome, std::string reason, std::string text) {
  state().outcome = outcome;
  state().outcome_reason = std::move(reason);
  state().outcome_text = std::move(text);
  // Halted and stuck runs keep their operations: resume and rollback go on from them.
  const bool open = outcome == RunOutcome::kHalted || outcome == RunOutcome::kStuck;
  OweAfter(state(),
           {.when = model::HookPoint::kAfterRun,
            .back = state().goal == RunGoal::kBack,
            .outcome = std::string(RunOutcomeName(outcome)),
            .outcome_text = state().outcome_text});
  state().phase = open && state().hooks.owed.empty() ? RunPhase::kEnded : RunPhase::kClosing;
  state().impact.after = ConnectionsIn(input.round);
  Tell("run_" + std::string(RunOutcomeName(outcome)), {}, state().outcome_text);
  Progress();
}

std::string Name(model::ServerId id) { return "server " + model::ToString(id); }

bool NothingChanged(const Turn& turn) {
  const auto& state = turn.out.state;
  return std::all_of(state.servers.begin(), state.servers.end(), [&](const ServerRun& server) {
    const auto& seen = turn.Seen(server.id);
    const bool under_way =
        IsOwnOperation(state, seen.operation) && model::IsInFlight(seen.operation.state);
    if (server.restart && server.changed) {
      return false;  // what it runs does not tell whether it was stopped
    }
    return !server.changed || (seen.answered && seen.current &&
                               seen.current->digest == server.origin.digest && !under_way);
  });
}

std::string OtherInFlight(const Turn& turn, model::ServerId but) {
  for (const auto& seen : turn.input.round.members) {
    if (seen.answered && seen.id != but && model::IsInFlight(seen.operation.state)) {
      return Name(seen.id) + " is in operation " + seen.operation.operation_id + " (" +
             std::string(model::OperationStateName(seen.operation.state)) + ")";
    }
  }
  return "";
}

void StopHere(Turn& turn) {
  const auto& by = turn.input.aborted_by;
  if (by.empty()) {
    turn.out.interrupted = true;
    return;
  }
  const bool untouched = turn.state().goal == RunGoal::kForward && NothingChanged(turn);
  turn.End(untouched ? RunOutcome::kRefused : RunOutcome::kHalted,
           "run.aborted",
           "aborted by " + by +
               (untouched ? ", no server was changed" + ButSettled(turn.state())
                          : " (" + DescribeServers(turn.state(), turn.input.round) + ")"));
}

void Halt(Turn& turn, std::string reason, const std::string& why) {
  const auto& settlement = turn.state().settlement;
  turn.End(settlement && !settlement->asked ? RunOutcome::kRefused : RunOutcome::kHalted,
           std::move(reason),
           why + " (" + DescribeServers(turn.state(), turn.input.round) + ")");
}

std::chrono::milliseconds AgentPatience(const RunState& state) {
  return 3 * state.policy.step_timeout;
}

bool IsOwnOperation(const RunState& state, const model::OperationStatus& status) {
  return !status.operation_id.empty() && status.run_id == state.run_id;
}

bool ChecksApply(const RunState& state) {
  return state.has_checks && state.goal == RunGoal::kForward && !IsRepair(state);
}

std::string NewOperationId(RunState& state) {
  return state.run_id + "-" + std::to_string(state.next_operation++);
}

std::string DescribeServers(const RunState& state, const model::Round& round) {
  std::string text;
  for (const auto& server : state.servers) {
    const auto* seen = model::FindMember(round, server.id);
    text += text.empty() ? "server " : ", server ";
    text += model::ToString(server.id);
    if (seen == nullptr || !seen->answered || !seen->current) {
      text += " not seen";
      continue;
    }
    text += " " + seen->current->version.ToString() + " (" +
            (seen->current->digest == server.target.digest   ? "new"
             : seen->current->digest == server.origin.digest ? "old"
                                                             : "other") +
            ", " + std::string(model::ModeName(seen->mode)) + ", operation " +
            std::string(model::OperationStateName(seen->operation.state)) + ")";
  }
  return text;
}

}  // namespace internal

namespace {

using internal::Turn;

// The baseline of the server that is being restarted starts anew with its new process.
void UpdateProcesses(Turn& turn, const model::Round& round) {
  using model::OperationState;
  for (const auto& seen : round.members) {
    const auto state = seen.operation.state;
    const bool changing =
        state == OperationState::kStopping || state == OperationState::kSwitching ||
        state == OperationState::kStarting || state == OperationState::kRollingBack ||
        state == OperationState::kRestartingOld;
    if (!seen.answered) {
      continue;
    }
    if (changing || !seen.process) {
      turn.memory().processes.erase(seen.id);
    } else {
      turn.memory().processes[seen.id] = *seen.process;
    }
  }
}

void TrackLeader(Turn& turn) {
  const auto leader = turn.out.conclusions.leader;
  auto& state = turn.state();
  if (!leader || leader == state.leader) {
    return;
  }
  if (state.leader) {
    ++state.elections;
    turn.Tell("leader_changed",
              *leader,
              "server " + model::ToString(*leader) + " leads now, before it was server " +
                  model::ToString(*state.leader),
              {{"from", model::ToString(*state.leader)}, {"to", model::ToString(*leader)}});
  }
  state.leader = leader;
}

void CountHealthyRound(Turn& turn, std::optional<model::ServerId> leader_before) {
  auto& rounds = turn.memory().healthy_rounds;
  const auto& state = turn.state();
  const bool healthy =
      MissingForHealthy(state.members, turn.input.round, turn.out.conclusions).empty();
  if (!healthy) {
    rounds = 0;
  } else {
    rounds = state.leader == leader_before ? rounds + 1 : 1;
  }
}

KnownProcesses BaselineFor(const RunState& state,
                           const RunMemory& memory,
                           const model::Round& round) {
  auto baseline = memory.processes;
  for (const auto& seen : round.members) {
    // Between two rounds the attempt's process changes by our doing.
    if (state.attempt == seen.id && seen.process &&
        internal::IsOwnOperation(state, seen.operation) &&
        seen.process->started_by_operation == seen.operation.operation_id) {
      baseline.erase(seen.id);
    }
  }
  return baseline;
}

}  // namespace

std::string_view ActionKindName(ActionKind kind) {
  switch (kind) {
    case ActionKind::kStage:
      return "stage";
    case ActionKind::kBegin:
      return "begin";
    case ActionKind::kRequestPermit:
      return "request_permit";
    case ActionKind::kProceed:
      return "proceed";
    case ActionKind::kCommit:
      return "commit";
    case ActionKind::kRollBack:
      return "roll_back";
    case ActionKind::kClose:
      return "close";
  }
  return "stage";
}

Decision Decide(const RunState& state, const RunMemory& memory, const DecisionInput& input) {
  Turn turn{.input = input, .out = {.state = state, .memory = memory}};
  if (memory.last_round_ended && input.round.started - *memory.last_round_ended > kLongestGap) {
    NoteMissedRounds(turn.memory());
  }
  turn.memory().last_round_ended = input.round.ended;
  turn.out.conclusions =
      Conclude(state.members, input.round, BaselineFor(state, memory, input.round));
  UpdateProcesses(turn, input.round);
  TrackLeader(turn);
  CountHealthyRound(turn, state.leader);
  internal::NoteImpact(turn);
  internal::NoteReport(turn);
  if (memory.doubtful && !memory.doubt_since) {
    turn.memory().doubt_since = input.now;
  }
  switch (state.phase) {
    case RunPhase::kPreflight:
      internal::Preflight(turn);
      break;
    case RunPhase::kStaging:
      internal::Staging(turn);
      break;
    case RunPhase::kRolling:
      internal::Rolling(turn);
      break;
    case RunPhase::kFinalCheck:
      internal::FinalCheck(turn);
      break;
    case RunPhase::kClosing:
      internal::Closing(turn);
      break;
    case RunPhase::kSettling:
      internal::Settling(turn);
      break;
    case RunPhase::kEnded:
      break;
  }
  // A permit serves the first round after it or none.
  if (turn.memory().permit && input.round.number > turn.memory().permit->round) {
    turn.memory().permit.reset();
  }
  return std::move(turn.out);
}

void NoteMissedRounds(RunMemory& memory) {
  internal::ForgetRounds(memory);
  memory.passed_since.reset();
}

void NotePermit(RunMemory& memory, model::ServerId server, std::string id, std::uint64_t round) {
  memory.permit = GrantedPermit{.server = server, .id = std::move(id), .round = round};
}

void NoteResult(RunState& state,
                RunMemory& memory,
                const Action& action,
                const base::Status& result,
                std::vector<Event>& events) {
  auto& server = ServerOf(state, action.server);
  if (result) {
    if (action.kind == ActionKind::kStage) {
      memory.staging_troubles.erase(action.server);
      if (memory.begun.insert(action.server).second) {
        memory.waits.clear();  // uploads may take longer than anybody's patience
      }
    }
    if (action.kind == ActionKind::kProceed || action.kind == ActionKind::kCommit ||
        action.kind == ActionKind::kRollBack) {
      memory.refused_calls = 0;
    }
    return;
  }
  // An agent that has gone on by itself meanwhile is no failure: the next round shows where it is.
  const bool overtaken =
      result.error().reason() == "operation.wrong_state" &&
      (action.kind == ActionKind::kRollBack || action.kind == ActionKind::kClose);
  if (!overtaken) {
    events.push_back({std::string(ActionKindName(action.kind)) + "_failed",
                      action.server,
                      result.error().message()});
  }
  internal::ForgetRounds(memory);
  if (state.settlement && !state.settlement->under_way) {
    state.settlement->asked = false;  // where it got through all the same, the next round shows it
  }
  if (action.kind == ActionKind::kStage) {
    auto& trouble = memory.staging_troubles[action.server];
    trouble.last = result.error().message();
    ++trouble.times;
    trouble.since.reset();  // by the next decision's time
  }
  const bool unanswered = result.error().Is(base::ErrorCode::kUnavailable) ||
                          result.error().Is(base::ErrorCode::kDeadlineExceeded);
  if (unanswered) {
    if (action.kind == ActionKind::kProceed) {
      memory.doubtful = action.server;
      memory.doubt_since.reset();
    }
    return;
  }
  ++memory.refused_calls;
  memory.last_refusal = internal::Name(action.server) + " refused to " +
                        std::string(ActionKindName(action.kind)) + ": " + result.error().message();
  if (action.kind == ActionKind::kStage) {
    server.failure = result.error().message();
    server.failed = true;
  }
}

void Reopen(RunState& state, RunGoal goal) {
  if (IsRepair(state)) {
    goal = RunGoal::kForward;  // nobody is better off when it is taken back
  }
  const bool closed = state.phase == RunPhase::kEnded || state.outcome == RunOutcome::kHalted ||
                      state.outcome == RunOutcome::kStuck;
  if (!closed && state.goal == goal) {
    return;  // interrupted: the loop goes on where it stood, with what was decided
  }
  const bool untouched =
      state.phase == RunPhase::kPreflight || state.outcome == RunOutcome::kRefused;
  state.outcome = RunOutcome::kNone;
  state.outcome_reason.clear();
  state.outcome_text.clear();
  state.goal = goal;
  state.permit_refusals = 0;
  state.hooks.passed.reset();  // what is owed stays owed
  state.hooks.opened += closed ? 1 : 0;
  state.impact.counted = {};  // what clients felt until now was accepted by whoever opens it again
  // The attempt stays: its agent may be silent still, and its server down by our doing.
  if (goal == RunGoal::kBack) {
    state.phase = RunPhase::kRolling;
  } else {
    state.phase = untouched ? RunPhase::kPreflight : RunPhase::kStaging;
  }
  for (auto& server : state.servers) {
    server.failed = false;
    server.failure.clear();
  }
}

}  // namespace zoowarden::core
