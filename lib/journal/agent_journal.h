// What an agent must still know after a power cut. The next state of an operation is committed here
// before it is acted on.
//
// Strings and integers only: names of states, kinds and payloads are the caller's, stored as they
// are. Everything is durable when a call returns. Thread-safe. One agent owns the file; a second
// opener is refused.
#pragma once

#include "base/error.h"
#include "journal/audit_chain.h"
#include "journal/database.h"
#include "journal/run_retention.h"
#include "journal/run_store.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::journal {

struct OperationRow {
  std::string operation_id;
  std::string run_id;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;   // of the call that changed it last
  std::string kind;             // "restart"; an open list
  std::string from_generation;  // empty = first installation
  std::string to_generation;    // empty = removal
  std::string state;
  std::string outcome;             // sentence for a person; empty = none yet
  std::string outcome_reason;      // stable machine-readable code
  bool proved = false;             // was seen serving since this operation started it
  std::int32_t started_pid = 0;    // process that the operation started; 0 = none
  std::uint64_t started_time = 0;  // its start time, field 22 of /proc/PID/stat
  std::int64_t deadline_ms = 0;    // CLOCK_BOOTTIME of the boot named here; 0 = none
  std::string boot_id;
  std::string payload_json;
  bool operator==(const OperationRow&) const = default;
};

struct TransitionRow {
  std::int64_t time_ms = 0;  // wall clock, Unix milliseconds
  std::string operation_id;
  std::string from_state;
  std::string event;
  std::string to_state;
  std::string detail;
  bool operator==(const TransitionRow&) const = default;
};

// A mutating call's name; repeating it must return what was recorded.
struct CallKey {
  std::string run_id;
  std::uint64_t epoch = 0;
  std::string operation_id;
  std::uint64_t sequence = 0;
};

struct RecordedCall {
  CallKey key;
  std::string method;   // full method name: another method under the same key is a caller's bug
  std::string outcome;  // the serialised reply or error
};

// What changes together. The parts that are absent stay as they are.
struct OperationChange {
  std::optional<OperationRow> operation;
  std::optional<TransitionRow> transition;
  std::optional<RecordedCall> call;
  std::optional<AuditEntry> audited;
};

// The highest fencing epoch this agent has accepted, and whose it is.
struct LeaseRow {
  std::uint64_t epoch = 0;
  std::string holder;
  std::string run_id;
  std::string text;  // the caller's
  bool operator==(const LeaseRow&) const = default;
};

// Against starting a member on data that has been lost or swapped.
struct ProvedRow {
  std::uint64_t zxid = 0;    // highest canary at which the member was proved
  std::uint64_t device = 0;  // st_dev of the data directory then
  std::string boot_id;       // of that moment; empty = written by a program that did not store it
  std::string file_system;   // its name across boots; empty = it has none, or an older program
  bool operator==(const ProvedRow&) const = default;
};

class AgentJournal {
 public:
  AgentJournal() = default;
  AgentJournal(const AgentJournal&) = delete;
  AgentJournal& operator=(const AgentJournal&) = delete;
  virtual ~AgentJournal() = default;

  // All of the change or nothing. kAlreadyExists `journal.call_recorded` when the call's key is
  // there: look it up first.
  [[nodiscard]] virtual base::Status Commit(const OperationChange& change) = 0;
  // The operation that began last.
  [[nodiscard]] virtual base::Result<std::optional<OperationRow>> LastOperation() = 0;
  [[nodiscard]] virtual base::Result<std::optional<OperationRow>> FindOperation(
      const std::string& operation_id) = 0;
  // In the order in which they were committed.
  [[nodiscard]] virtual base::Result<std::vector<TransitionRow>> ListTransitions(
      const std::string& operation_id) = 0;
  [[nodiscard]] virtual base::Result<std::optional<RecordedCall>> FindCall(const CallKey& key) = 0;

  // Epoch 0 and no holder when none was ever accepted.
  [[nodiscard]] virtual base::Result<LeaseRow> LoadLease() = 0;
  // kAborted `journal.lower_epoch` when a higher epoch is stored, or the same of another holder:
  // the last line behind the agent's own check.
  [[nodiscard]] virtual base::Status SaveLease(const LeaseRow& lease,
                                               const std::optional<AuditEntry>& audited) = 0;

  [[nodiscard]] virtual base::Result<std::optional<ProvedRow>> LoadProved() = 0;
  // The zxid never goes down. Device, boot and file system are replaced.
  [[nodiscard]] virtual base::Status SaveProved(const ProvedRow& proved) = 0;

  // The agent's copies of run records.
  [[nodiscard]] virtual RunStore& runs() = 0;
  // runs().Put with the audit of the call that brought it, in one transaction. A run that is new
  // here takes the place of old ones that `keep` does not keep.
  [[nodiscard]] virtual base::Result<RunPosition> PutRun(const RunRow& run,
                                                         const std::vector<RunEventRow>& events,
                                                         const RunRetention& keep,
                                                         const AuditEntry& audited) = 0;

  // Calls that committed nothing else; numbers and hashes are given here.
  [[nodiscard]] virtual base::Status Audit(const std::vector<AuditEntry>& entries) = 0;
  // Of the rows after row `after`, the `limit` oldest, in order.
  [[nodiscard]] virtual base::Result<std::vector<AuditRow>> ListAudit(std::uint64_t after,
                                                                      std::uint64_t limit) = 0;
};

[[nodiscard]] base::Result<std::unique_ptr<AgentJournal>> OpenAgentJournal(
    const std::filesystem::path& path, const History& history = {});
[[nodiscard]] base::Result<std::unique_ptr<AgentJournal>> OpenAgentJournalInMemory();

}  // namespace zoowarden::journal
