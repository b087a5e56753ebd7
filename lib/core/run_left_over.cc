// What earlier runs left on the servers, brought to an end before a run begins.
#include "core/run_internal.h"

namespace zoowarden::core::internal {

using model::OperationState;

void Settle(Turn& turn, const model::MemberObservation& seen, ActionKind kind) {
  const auto& operation = seen.operation;
  const std::string word(ActionKindName(kind));
  turn.Do({.kind = kind, .server = seen.id, .operation_id = operation.operation_id});
  ServerOf(turn.state(), seen.id).settled = word + " " + operation.operation_id;
  turn.Tell("settled",
            seen.id,
            "operation " + operation.operation_id + " of an earlier run was in state " +
                std::string(model::OperationStateName(operation.state)) + ": " + word);
}

std::string ButSettled(const RunState& state) {
  std::string text;
  for (const auto& server : state.servers) {
    if (!server.settled.empty()) {
      text += (text.empty() ? "" : ", ") + Name(server.id) + ": " + server.settled;
    }
  }
  return text.empty() ? "" : " but what earlier runs had left (" + text + ")";
}

bool SettleOldOperation(Turn& turn, const model::MemberObservation& seen) {
  const auto& operation = seen.operation;
  switch (operation.state) {
    case OperationState::kIdle:
    case OperationState::kCommitted:
    case OperationState::kRolledBack:
      return true;
    case OperationState::kStaging:
    case OperationState::kStaged:
      Settle(turn, seen, ActionKind::kClose);
      return false;
    case OperationState::kVerifying:
    case OperationState::kUnconfirmed:
    case OperationState::kNeedsOperator:
      if (turn.out.conclusions.IsProved(seen.id)) {
        const bool runs_new = seen.process->generation == operation.to_generation;
        const bool runs_old = seen.process->generation == operation.from_generation;
        if (runs_new) {
          Settle(turn, seen, ActionKind::kCommit);
        } else if (runs_old && operation.state == OperationState::kNeedsOperator) {
          Settle(turn, seen, ActionKind::kClose);
        }
      } else if (IsDown(seen)) {
        Settle(turn, seen, ActionKind::kRollBack);
      }
      return false;
    case OperationState::kStopping:
    case OperationState::kSwitching:
    case OperationState::kStarting:
    case OperationState::kRollingBack:
    case OperationState::kRestartingOld:
    case OperationState::kVerifyingOld:
      return false;
  }
  return false;
}

bool IsForeign(const RunState& state, const model::MemberObservation& seen) {
  return seen.answered && model::IsInFlight(seen.operation.state) &&
         !IsOwnOperation(state, seen.operation);
}

bool IsToBeClosed(const RunState& state, const model::MemberObservation& seen) {
  const auto operation = seen.operation.state;
  return IsForeign(state, seen) && !seen.process && seen.processes_visible &&
         (operation == OperationState::kVerifying || operation == OperationState::kUnconfirmed ||
          operation == OperationState::kNeedsOperator);
}

bool IsLeftRunning(const RunState& state, const model::MemberObservation& seen) {
  const auto operation = seen.operation.state;
  return IsForeign(state, seen) && seen.process &&
         (operation == OperationState::kVerifying || operation == OperationState::kUnconfirmed ||
          operation == OperationState::kNeedsOperator ||
          operation == OperationState::kVerifyingOld);
}

std::string RunsInVain(const Turn& turn, model::ServerId id) {
  const auto& seen = turn.Seen(id);
  if (!IsLeftRunning(turn.out.state, seen) || turn.out.conclusions.IsProved(id) ||
      seen.operation.state == OperationState::kVerifyingOld) {
    return "";
  }
  return "process " + std::to_string(seen.process->pid) + " of operation " +
         seen.operation.operation_id + " is there on " + Name(id) +
         " and does not serve; take it back with `zoowarden server rollback " +
         model::ToString(id) + "`, or end it";
}

bool SettleForRepair(Turn& turn, const model::MemberObservation& seen) {
  const auto& state = turn.state();
  const auto operation = seen.operation.state;
  if (turn.out.conclusions.IsProved(seen.id)) {
    return SettleOldOperation(turn, seen);
  }
  if (IsToBeClosed(state, seen)) {
    Settle(turn, seen, ActionKind::kClose);
    return false;
  }
  if (IsForeign(state, seen)) {
    const bool waits = operation != OperationState::kVerifyingOld || !turn.out.conclusions.leader;
    return waits && IsLeftRunning(state, seen);
  }
  return model::IsInFlight(operation) || SettleOldOperation(turn, seen);
}

bool SettlesProved(Turn& turn) {
  for (const auto& server : turn.state().servers) {
    const auto& seen = turn.Seen(server.id);
    if (server.repair && IsForeign(turn.state(), seen) &&
        turn.out.conclusions.IsProved(server.id)) {
      static_cast<void>(SettleOldOperation(turn, seen));
    }
  }
  return !turn.out.actions.empty();
}

}  // namespace zoowarden::core::internal
