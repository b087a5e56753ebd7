// What must survive the agent: the operation, its history, the outcomes of calls and the fence.
//
// Every Save is one durable transaction: when it returns Ok, a power cut keeps it; when it fails,
// nothing of it is there. Called from one thread at a time.
#pragma once

#include "agent/operation/calls.h"
#include "agent/operation/fence.h"
#include "agent/operation/process_identity.h"
#include "base/error.h"
#include "model/operation.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace zoowarden::agent {

struct StoredOperation {
  std::string operation_id;  // empty = never had one
  std::string run_id;        // of the run that began it
  std::uint64_t epoch = 0;   // of the last call that moved it
  std::string kind;          // of calls.h
  std::string state;         // a name of docs/operation-states.md; may be a newer program's
  std::string from;
  std::string to;
  bool proved = false;
  // What lies in the data directories came from first installations of this agent that were never
  // committed: such a one may be repeated over it. Outlives the operation.
  bool made_data = false;
  std::chrono::milliseconds deadline{0};  // CLOCK_BOOTTIME of `boot_id`
  std::string boot_id;
  std::chrono::milliseconds step_timeout{0};
  std::chrono::milliseconds stop_timeout{0};
  ProcessIdentity started;  // last process that an operation started, pid 0 = none
  std::string started_by;   // that operation; outlives it
  // Of `to`, not started by the operation, and seen serving in the quorum: never its success, and
  // nothing that may be stopped alone. pid 0 = none.
  ProcessIdentity served;
  // The stop of a process, in this state: recorded as intended before SIGTERM and as signalled
  // after it, because SIGKILL may follow only a signal that was certainly sent. pid 0 = none;
  // instants are CLOCK_BOOTTIME of `boot_id`.
  ProcessIdentity intended;
  std::chrono::milliseconds intended_at{0};
  ProcessIdentity signalled;
  std::chrono::milliseconds signalled_at{0};
  std::string failure;         // sentence for a person
  std::string failure_reason;  // stable code
  int transitions = 0;         // since it began, or since a person or a new run settled it
  std::uint64_t changes = 0;   // since it began: what watchers count by
};

struct RecordedOutcome {
  std::string method;  // "begin", "proceed", ...
  std::optional<base::Error> error;
  model::OperationState state = model::OperationState::kIdle;  // without an error
};

struct HistoryEntry {
  std::string operation_id;
  std::uint64_t sequence = 0;
  std::string from_state;
  std::string event;  // core::OperationEventName
  std::string state;  // the state it led to
  std::string detail;
  std::chrono::milliseconds wall_time{0};
};

struct JournalChange {
  const StoredOperation* operation = nullptr;  // null = unchanged
  std::optional<HistoryEntry> history;
  const CallIdentity* call = nullptr;  // with `outcome`
  std::optional<RecordedOutcome> outcome;
};

class OperationJournal {
 public:
  OperationJournal() = default;
  OperationJournal(const OperationJournal&) = delete;
  OperationJournal& operator=(const OperationJournal&) = delete;
  virtual ~OperationJournal() = default;

  // A journal without an operation gives an empty one.
  [[nodiscard]] virtual base::Result<StoredOperation> LoadOperation() = 0;
  [[nodiscard]] virtual base::Status Save(const JournalChange& change) = 0;
  [[nodiscard]] virtual base::Result<std::optional<RecordedOutcome>> FindOutcome(
      const CallIdentity& call) = 0;

  [[nodiscard]] virtual base::Result<Fence> LoadFence() = 0;
  [[nodiscard]] virtual base::Status SaveFence(const Fence& fence) = 0;
};

}  // namespace zoowarden::agent
