// What an agent does next for its operation, from what is stored and what is real.
//
// Pure and level-triggered: called again after every act, every poll and every restart of the
// agent, it looks at reality first, so each act is idempotent and there is no recovery path of its
// own. The one rule that outranks all others is visible here: a member that may be serving is never
// stopped without a valid permit (the exception is an undeclared standalone).
#pragma once

#include "base/error.h"
#include "core/operation_table.h"
#include "model/observation.h"

#include <chrono>
#include <optional>
#include <string>

namespace zoowarden::core {

// The stored part of an operation that decisions need.
struct OperationRecord {
  std::string operation_id;
  model::OperationState state = model::OperationState::kIdle;
  std::string from;                                // generation digest; empty = first installation
  std::string to;                                  // generation digest; empty = removal
  model::Instant deadline{0};                      // CLOCK_BOOTTIME, of verifying or verifying_old
  std::chrono::milliseconds stop_timeout{60'000};  // from SIGTERM to SIGKILL
};

// Whether a supervisor, and not a launch of ours, brought a process about.
enum class Restart {
  kNone,
  kBySupervisor,
  kUnknown,  // it cannot be asked, which proves nothing of the process: neither way
};

// What is true on this server now. Everything is read afresh for each decision.
struct Reality {
  bool processes_visible = false;              // false: an absent process proves nothing
  std::string processes_problem;               // why not
  std::optional<model::Instant> hidden_since;  // when that began, as far as it is known
  std::optional<model::Process> process;       // the one on this instance's data directory
  bool several = false;                        // not the only one: nothing is known of the member
  std::string current;                         // generation that `current` names, empty = none
  std::string current_problem;  // why that cannot be told; then it is equal to nothing
  bool switched = false;        // by this process of the agent, in this state
  bool member_looked = false;   // false: the three below say nothing about the member
  model::Mode mode = model::Mode::kUnknown;
  model::Broadcast broadcast = model::Broadcast::kUnknown;
  bool quorum_connection = false;
  // This very process was seen serving in the quorum since the operation's start; of a removal,
  // that no process was seen.
  bool proved = false;
  bool permit_valid = false;
  std::optional<model::Instant> stop_signalled;  // SIGTERM was certainly sent to this process
  // A SIGTERM was meant and may have been sent: the agent died around it. Of this process, or of
  // one that is gone.
  std::optional<model::Instant> stop_intended;
  std::optional<model::Instant> launched;  // by this process of the agent, in this state
  // Why that launch did not come about and may yet: another one, or its lock, or no answer.
  std::optional<base::Error> launch_error;
  Restart restart = Restart::kNone;
  std::string restart_text;  // how the supervisor says so, or why it cannot be asked
};

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

// The sentence for a person where processes are not visible.
[[nodiscard]] std::string Hidden(const Reality& reality);

// A launch that shows no process after this long has failed.
inline constexpr std::chrono::milliseconds kLaunchPatience{10'000};
// What hides a process for a moment, as a file that is being rewritten does, passes in this time.
inline constexpr std::chrono::milliseconds kHiddenPatience{10'000};
// A process that outlives SIGKILL this long cannot be stopped.
inline constexpr std::chrono::milliseconds kKillPatience{15'000};

// A process that may have been sent SIGTERM is given the operation's stop_timeout to exit before it
// counts as left alone, within these bounds: a slow one that has the signal must find somebody who
// starts the server again.
inline constexpr std::chrono::milliseconds kShortestSignalDoubt{10'000};
inline constexpr std::chrono::milliseconds kLongestSignalDoubt{60'000};

// So long after a SIGTERM that may have been sent a process may still be on its way out.
[[nodiscard]] std::chrono::milliseconds SignalDoubt(const OperationRecord& record);

// True when the member takes part in the quorum as far as one server alone can tell.
[[nodiscard]] bool ServesInQuorum(const Reality& reality);

// True when it is certain that no process serves the data directory.
[[nodiscard]] bool IsRemoved(const Reality& reality);

// ARCHITECTURE "Down": no process on the data directory, or one that this operation started, that
// was never proved since, is past its deadline and was seen without an established quorum
// connection. A member that could not be looked at is never down, nor is one of two. What a
// supervisor restarted is a consequence of the operation's start, so a crash loop is down as well,
// until one of its processes is seen serving. A supervisor that cannot be asked makes nothing down.
[[nodiscard]] bool IsDown(const OperationRecord& record,
                          const Reality& reality,
                          model::Instant now);

// States that wait for the controller (idle, staged, unconfirmed, finished ones) and staging, which
// is an act of its own, give neither event nor act.
[[nodiscard]] OperationStep DecideStep(const OperationRecord& record,
                                       const Reality& reality,
                                       model::Instant now);

}  // namespace zoowarden::core
