// The states of one server's operation. The names are written to disk and to the wire: they are
// frozen, a retired one stays in the list with what it now means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::model {

enum class OperationState {
  kIdle,           // no operation, or the last one left nothing behind
  kStaging,        // release and configuration are being made ready; the server is untouched
  kStaged,         // ready; the server is untouched
  kStopping,       // the member is being stopped
  kSwitching,      // the member is down, `current` is being switched
  kStarting,       // the new generation is being started
  kVerifying,      // started; waiting for the controller's commit
  kUnconfirmed,    // alive past the deadline and not committed: the controller decides
  kCommitted,      // finished: runs the new generation
  kRollingBack,    // the new generation is being stopped and `current` switched back
  kRestartingOld,  // the old generation is being started
  kVerifyingOld,   // the old generation was started; waiting until it serves
  kRolledBack,     // finished: runs the old generation
  kNeedsOperator,  // going back failed too; the last started process is left running
};

[[nodiscard]] std::string_view OperationStateName(OperationState state);
// Unknown names give nullopt; what then is the safe way is core/operation_table.h's to say.
[[nodiscard]] std::optional<OperationState> ParseOperationState(std::string_view name);

// A permit's life, of the agent's clock. So long a stop without an answer may still come about.
inline constexpr std::chrono::milliseconds kPermitLife{3'000};

// True while the server is, or may be, down or unproved by our doing.
[[nodiscard]] bool IsInFlight(OperationState state);
// True when a new operation may begin.
[[nodiscard]] bool IsFinished(OperationState state);

// An agent's report of its operation.
struct OperationStatus {
  std::string operation_id;  // empty = never had one
  std::string run_id;
  std::uint64_t epoch = 0;
  OperationState state = OperationState::kIdle;
  std::string from_generation;
  std::string to_generation;
  std::string failure;         // sentence for a person, empty = none
  std::string failure_reason;  // stable machine-readable code
  std::chrono::milliseconds deadline_left{0};
  bool proved = false;  // was proved serving since the operation started it
};

}  // namespace zoowarden::model
