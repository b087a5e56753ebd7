// The state table of one server's operation: what each event leads to, and nothing else.
//
// Pure. The agent commits the next state to its journal before it acts on it. A pair that is not in
// the table is refused (an event from outside) or a bug (one of our own).
#pragma once

#include "model/operation.h"

#include <optional>
#include <span>
#include <string_view>

namespace zoowarden::core {

enum class OperationEvent {
  kBegin,          // controller: prepare a generation
  kStageDone,      // the generation is complete on disk
  kStageFailed,    // nothing was changed
  kProceed,        // controller: stop, switch, start; of what is down: switch, start once more
  kPermitRefused,  // no valid permit and the member still runs
  kStopped,        // the process is gone
  kStopFailed,     // it outlives SIGKILL, or must not be stopped
  kSwitched,       // `current` names the new generation
  kSwitchFailed,
  kStarted,  // a process of the new generation exists
  kStartFailed,
  kStandalone,       // the new process serves alone: the one state that must be ended at once
  kDeadlineDown,     // past the deadline and down
  kDeadlineNotDown,  // past the deadline, alive, not committed
  kCommit,           // controller: its gate was passed
  kRollBack,         // controller: go back
  kOldRestored,      // the new process is gone and `current` names the old generation
  kRestoreFailed,
  kOldStarted,
  kOldStartFailed,
  kOldProved,      // the old generation serves
  kOldDeadline,    // it does not, and its deadline has passed
  kOldStandalone,  // it served alone and was stopped; it is not started again
  kClose,          // controller: forget a finished or merely staged operation
};

struct OperationTransition {
  model::OperationState from;
  OperationEvent event;
  model::OperationState to;
};

[[nodiscard]] std::string_view OperationEventName(OperationEvent event);
[[nodiscard]] std::span<const OperationTransition> OperationTransitions();
[[nodiscard]] std::span<const OperationEvent> AllOperationEvents();
[[nodiscard]] std::span<const model::OperationState> AllOperationStates();

// The next state, or nullopt when the state does not take the event.
[[nodiscard]] std::optional<model::OperationState> NextState(model::OperationState state,
                                                             OperationEvent event);

// An operation that has made more transitions than this goes to needs_operator: three times the
// longest path without a loop through the table.
inline constexpr int kMaxTransitions = 42;

// What a stored state that this program does not know means: never "start again". With a process
// alive nothing is touched; without one the old generation is restored.
[[nodiscard]] model::OperationState SafeStateForUnknownName(bool process_alive);

}  // namespace zoowarden::core
