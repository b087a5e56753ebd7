#include "model/operation.h"

#include <array>

namespace zoowarden::model {
namespace {

constexpr std::array kStates = {OperationState::kIdle,
                                OperationState::kStaging,
                                OperationState::kStaged,
                                OperationState::kStopping,
                                OperationState::kSwitching,
                                OperationState::kStarting,
                                OperationState::kVerifying,
                                OperationState::kUnconfirmed,
                                OperationState::kCommitted,
                                OperationState::kRollingBack,
                                OperationState::kRestartingOld,
                                OperationState::kVerifyingOld,
                                OperationState::kRolledBack,
                                OperationState::kNeedsOperator};

}  // namespace

std::string_view OperationStateName(OperationState state) {
  switch (state) {
    case OperationState::kIdle:
      return "idle";
    case OperationState::kStaging:
      return "staging";
    case OperationState::kStaged:
      return "staged";
    case OperationState::kStopping:
      return "stopping";
    case OperationState::kSwitching:
      return "switching";
    case OperationState::kStarting:
      return "starting";
    case OperationState::kVerifying:
      return "verifying";
    case OperationState::kUnconfirmed:
      return "unconfirmed";
    case OperationState::kCommitted:
      return "committed";
    case OperationState::kRollingBack:
      return "rolling_back";
    case OperationState::kRestartingOld:
      return "restarting_old";
    case OperationState::kVerifyingOld:
      return "verifying_old";
    case OperationState::kRolledBack:
      return "rolled_back";
    case OperationState::kNeedsOperator:
      return "needs_operator";
  }
  return "needs_operator";
}

std::optional<OperationState> ParseOperationState(std::string_view name) {
  for (const auto state : kStates) {
    if (name == OperationStateName(state)) {
      return state;
    }
  }
  return std::nullopt;
}

bool IsInFlight(OperationState state) {
  switch (state) {
    case OperationState::kIdle:
    case OperationState::kStaging:
    case OperationState::kStaged:
    case OperationState::kCommitted:
    case OperationState::kRolledBack:
      return false;
    case OperationState::kStopping:
    case OperationState::kSwitching:
    case OperationState::kStarting:
    case OperationState::kVerifying:
    case OperationState::kUnconfirmed:
    case OperationState::kRollingBack:
    case OperationState::kRestartingOld:
    case OperationState::kVerifyingOld:
    case OperationState::kNeedsOperator:
      return true;
  }
  return true;
}

bool IsFinished(OperationState state) {
  return state == OperationState::kIdle || state == OperationState::kCommitted ||
         state == OperationState::kRolledBack;
}

}  // namespace zoowarden::model
