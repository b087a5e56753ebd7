#include "core/operation_table.h"

#include <algorithm>
#include <array>

namespace zoowarden::core {
namespace {

using S = model::OperationState;
using E = OperationEvent;

// clang-format off
constexpr std::array kTable = std::to_array<OperationTransition>({
    {S::kIdle,          E::kBegin,           S::kStaging},
    {S::kCommitted,     E::kBegin,           S::kStaging},
    {S::kRolledBack,    E::kBegin,           S::kStaging},

    {S::kStaging,       E::kStageDone,       S::kStaged},
    {S::kStaging,       E::kStageFailed,     S::kIdle},
    {S::kStaging,       E::kClose,           S::kIdle},

    {S::kStaged,        E::kProceed,         S::kStopping},
    {S::kStaged,        E::kClose,           S::kIdle},

    {S::kStopping,      E::kStopped,         S::kSwitching},
    {S::kStopping,      E::kPermitRefused,   S::kStaged},
    {S::kStopping,      E::kStopFailed,      S::kRollingBack},

    {S::kSwitching,     E::kSwitched,        S::kStarting},
    {S::kSwitching,     E::kSwitchFailed,    S::kRollingBack},

    {S::kStarting,      E::kStarted,         S::kVerifying},
    {S::kStarting,      E::kStartFailed,     S::kRollingBack},

    {S::kVerifying,     E::kCommit,          S::kCommitted},
    {S::kVerifying,     E::kRollBack,        S::kRollingBack},
    {S::kVerifying,     E::kStandalone,      S::kRollingBack},
    {S::kVerifying,     E::kDeadlineDown,    S::kRollingBack},
    {S::kVerifying,     E::kDeadlineNotDown, S::kUnconfirmed},
    {S::kVerifying,     E::kClose,           S::kIdle},

    {S::kUnconfirmed,   E::kCommit,          S::kCommitted},
    {S::kUnconfirmed,   E::kRollBack,        S::kRollingBack},
    {S::kUnconfirmed,   E::kStandalone,      S::kRollingBack},
    {S::kUnconfirmed,   E::kProceed,         S::kSwitching},
    {S::kUnconfirmed,   E::kClose,           S::kIdle},

    {S::kRollingBack,   E::kOldRestored,     S::kRestartingOld},
    {S::kRollingBack,   E::kPermitRefused,   S::kUnconfirmed},
    {S::kRollingBack,   E::kRestoreFailed,   S::kNeedsOperator},

    {S::kRestartingOld, E::kOldStarted,      S::kVerifyingOld},
    {S::kRestartingOld, E::kOldStartFailed,  S::kNeedsOperator},

    {S::kVerifyingOld,  E::kOldProved,       S::kRolledBack},
    {S::kVerifyingOld,  E::kOldStartFailed,  S::kNeedsOperator},
    {S::kVerifyingOld,  E::kOldDeadline,     S::kNeedsOperator},
    {S::kVerifyingOld,  E::kOldStandalone,   S::kNeedsOperator},

    {S::kNeedsOperator, E::kRollBack,        S::kRollingBack},
    {S::kNeedsOperator, E::kCommit,          S::kCommitted},
    {S::kNeedsOperator, E::kProceed,         S::kSwitching},
    {S::kNeedsOperator, E::kClose,           S::kIdle},

    {S::kCommitted,     E::kClose,           S::kIdle},
    {S::kRolledBack,    E::kClose,           S::kIdle},
});
// clang-format on

constexpr std::array kStates = {S::kIdle,
                                S::kStaging,
                                S::kStaged,
                                S::kStopping,
                                S::kSwitching,
                                S::kStarting,
                                S::kVerifying,
                                S::kUnconfirmed,
                                S::kCommitted,
                                S::kRollingBack,
                                S::kRestartingOld,
                                S::kVerifyingOld,
                                S::kRolledBack,
                                S::kNeedsOperator};

struct NamedEvent {
  E event;
  std::string_view name;
};

constexpr std::array kEventNames = std::to_array<NamedEvent>({
    {E::kBegin, "begin"},
    {E::kStageDone, "stage_done"},
    {E::kStageFailed, "stage_failed"},
    {E::kProceed, "proceed"},
    {E::kPermitRefused, "permit_refused"},
    {E::kStopped, "stopped"},
    {E::kStopFailed, "stop_failed"},
    {E::kSwitched, "switched"},
    {E::kSwitchFailed, "switch_failed"},
    {E::kStarted, "started"},
    {E::kStartFailed, "start_failed"},
    {E::kStandalone, "standalone"},
    {E::kDeadlineDown, "deadline_down"},
    {E::kDeadlineNotDown, "deadline_not_down"},
    {E::kCommit, "commit"},
    {E::kRollBack, "roll_back"},
    {E::kOldRestored, "old_restored"},
    {E::kRestoreFailed, "restore_failed"},
    {E::kOldStarted, "old_started"},
    {E::kOldStartFailed, "old_start_failed"},
    {E::kOldProved, "old_proved"},
    {E::kOldDeadline, "old_deadline"},
    {E::kOldStandalone, "old_standalone"},
    {E::kClose, "close"},
});

constexpr auto kEvents = [] {
  std::array<E, kEventNames.size()> events{};
  std::transform(kEventNames.begin(), kEventNames.end(), events.begin(), [](const NamedEvent& n) {
    return n.event;
  });
  return events;
}();

}  // namespace

std::string_view OperationEventName(OperationEvent event) {
  const auto found = std::find_if(kEventNames.begin(),
                                  kEventNames.end(),
                                  [event](const NamedEvent& n) { return n.event == event; });
  return found == kEventNames.end() ? "unnamed" : found->name;
}

std::span<const OperationTransition> OperationTransitions() { return kTable; }
std::span<const OperationEvent> AllOperationEvents() { return kEvents; }
std::span<const model::OperationState> AllOperationStates() { return kStates; }

std::optional<model::OperationState> NextState(model::OperationState state, OperationEvent event) {
  const auto found = std::find_if(kTable.begin(), kTable.end(), [&](const OperationTransition& t) {
    return t.from == state && t.event == event;
  });
  return found == kTable.end() ? std::nullopt : std::optional(found->to);
}

model::OperationState SafeStateForUnknownName(bool process_alive) {
  return process_alive ? S::kNeedsOperator : S::kRollingBack;
}

}  // namespace zoowarden::core
