// What an agent does next for its operation, from what is stored and what is real.
//
// Pure and level-triggered: called again after every act, every poll and every restart of the
// agent, it looks at reality first, so each act is idempotent and there is no recovery path of its
// own. The one rule that outranks all others is visible here: a member that may be serving is never
// stopped without a valid permit (the exception is an undeclared standalone).
#pragma once

#include "core/operation_table.h"
#include "core/reality.h"
#include "model/observation.h"

#include <chrono>
#include <optional>
#include <string>

namespace zoowarden::core {

enum class OperationAct {
  kNone,        // look again soon
  kSignalStop,  // SIGTERM
  kKill,        // SIGKILL
  kSwitchToNew,
  kSwitchToOld,
  kLaunch,  // start what `current` names
};

struct OperationStep {
  std::optional<OperationEvent> event;
  OperationAct act = OperationAct::kNone;
  // With a failure event, and with an act that nobody asked for:
  std::string reason;  // stable machine-readable code
  std::string detail;  // sentence for a person
};

// A launch that shows no process after this long has failed.
inline constexpr std::chrono::milliseconds kLaunchPatience{10'000};
// What hides a process for a moment, as a file that is being rewritten does, passes in this time.
inline constexpr std::chrono::milliseconds kHiddenPatience{10'000};
// A process that outlives SIGKILL this long cannot be stopped.
inline constexpr std::chrono::milliseconds kKillPatience{15'000};

// States that wait for the controller (idle, staged, unconfirmed, finished ones) and staging, which
// is an act of its own, give neither event nor act.
[[nodiscard]] OperationStep DecideStep(const OperationRecord& record,
                                       const Reality& reality,
                                       model::Instant now);

}  // namespace zoowarden::core
