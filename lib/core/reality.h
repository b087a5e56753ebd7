// What an agent knows of its operation and of its server, and what that says of the member. Pure.
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

// The sentence for a person where processes are not visible.
[[nodiscard]] std::string Hidden(const Reality& reality);

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

}  // namespace zoowarden::core
