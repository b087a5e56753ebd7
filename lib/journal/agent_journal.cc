#include "journal/agent_journal.h"

#include "journal/audit_table.h"
#include "journal/run_tables.h"
#include "journal/sqlite_adapter.h"

#include <algorithm>
#include <array>
#include <utility>

namespace zoowarden::journal {
namespace {

// Released: never change, add another. `number` keeps the order in which operations began.
constexpr const char* kCreateAgentTables = R"(
  CREATE TABLE operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    operation_id TEXT NOT NULL UNIQUE,
    run_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    from_generation TEXT NOT NULL,
    to_generation TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT NOT NULL,
    outcome_reason TEXT NOT NULL,
    proved INTEGER NOT NULL,
    started_pid INTEGER NOT NULL,
    started_time INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    payload_json TEXT NOT NULL
  ) STRICT;
  CREATE TABLE transitions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    operation_id TEXT NOT NULL,
    from_state TEXT NOT NULL,
    event TEXT NOT NULL,
    to_state TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX transitions_by_operation ON transitions (operation_id, number);
  CREATE TRIGGER transitions_are_kept BEFORE UPDATE ON transitions
    BEGIN SELECT RAISE(ABORT, 'transitions are append-only'); END;
  CREATE TABLE calls (
    run_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    operation_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    method TEXT NOT NULL,
    outcome BLOB NOT NULL,
    PRIMARY KEY (run_id, epoch, operation_id, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE lease (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL,
    run_id TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE proved (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    zxid INTEGER NOT NULL,
    device INTEGER NOT NULL
  ) STRICT;
)";

// Device numbers are those of one boot.
constexpr const char* kAddBootOfProved =
    "ALTER TABLE proved ADD COLUMN boot_id TEXT NOT NULL DEFAULT ''";

// Every value stands in an index as well as in its table, and the two are compared when the file is
// opened: SQLite has no checksums. The audit has a chain of its own.
constexpr const char* kAddCopies = R"(
  ALTER TABLE proved ADD COLUMN file_system TEXT NOT NULL DEFAULT '';
  CREATE TABLE commits (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL
  ) STRICT;
  INSERT INTO commits VALUES (1, 0);
  CREATE INDEX commits_copy ON commits (count);
  CREATE INDEX operations_copy ON operations (run_id, epoch, sequence, kind, from_generation,
    to_generation, state, outcome, outcome_reason, proved, started_pid, started_time, deadline_ms,
    boot_id, payload_json);
  CREATE INDEX transitions_copy ON transitions (time_ms, from_state, event, to_state, detail);
  CREATE INDEX calls_copy ON calls (method, outcome);
  CREATE INDEX lease_copy ON lease (epoch, holder, run_id, text);
  CREATE INDEX proved_copy ON proved (zxid, device, boot_id, file_system);
  CREATE INDEX runs_copy ON runs (ensemble, created_ms, epoch, sequence, outcome, state_json);
  CREATE INDEX run_events_copy ON run_events (time_ms, kind, server, text, json);
)";

constexpr std::array<const char*, 5> kMigrations{
    kCreateRunTables, kCreateAgentTables, kAddBootOfProved, kCreateAuditTable, kAddCopies};
constexpr Schema kSchema{.name = "agent journal",
                         .application_id = 0x5A57414A,
                         .migrations = kMigrations,
                         .counts_commits = true};

constexpr const char* kOperationColumns =
    "SELECT operation_id, run_id, epoch, sequence, kind, from_generation, to_generation, state, "
    "outcome, outcome_reason, proved, started_pid, started_time, deadline_ms, boot_id, "
    "payload_json FROM operations ";

OperationRow ReadOperation(SQLite::Statement& statement) {
  return {.operation_id = statement.getColumn(0).getString(),
          .run_id = statement.getColumn(1).getString(),
          .epoch = FromStored(statement.getColumn(2)),
          .sequence = FromStored(statement.getColumn(3)),
          .kind = statement.getColumn(4).getString(),
          .from_generation = statement.getColumn(5).getString(),
          .to_generation = statement.getColumn(6).getString(),
          .state = statement.getColumn(7).getString(),
          .outcome = statement.getColumn(8).getString(),
          .outcome_reason = statement.getColumn(9).getString(),
          .proved = statement.getColumn(10).getInt() != 0,
          .started_pid = statement.getColumn(11).getInt(),
          .started_time = FromStored(statement.getColumn(12)),
          .deadline_ms = statement.getColumn(13).getInt64(),
          .boot_id = statement.getColumn(14).getString(),
          .payload_json = statement.getColumn(15).getString()};
}

void PutOperation(SQLite::Database& handle, const OperationRow& row) {
  Execute(handle,
          "INSERT INTO operations (operation_id, run_id, epoch, sequence, kind, from_generation, "
          "to_generation, state, outcome, outcome_reason, proved, started_pid, started_time, "
          "deadline_ms, boot_id, payload_json) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
          "ON CONFLICT (operation_id) DO UPDATE SET run_id = excluded.run_id, "
          "epoch = excluded.epoch, sequence = excluded.sequence, kind = excluded.kind, "
          "from_generation = excluded.from_generation, to_generation = excluded.to_generation, "
          "state = excluded.state, outcome = excluded.outcome, "
          "outcome_reason = excluded.outcome_reason, proved = excluded.proved, "
          "started_pid = excluded.started_pid, started_time = excluded.started_time, "
          "deadline_ms = excluded.deadline_ms, boot_id = excluded.boot_id, "
          "payload_json = excluded.payload_json",
          row.operation_id,
          row.run_id,
          ToStored(row.epoch),
          ToStored(row.sequence),
          row.kind,
          row.from_generation,
          row.to_generation,
          row.state,
          row.outcome,
          row.outcome_reason,
          row.proved ? 1 : 0,
          row.started_pid,
          ToStored(row.started_time),
          row.deadline_ms,
          row.boot_id,
          row.payload_json);
}

void PutTransition(SQLite::Database& handle, const TransitionRow& row) {
  Execute(handle,
          "INSERT INTO transitions (time_ms, operation_id, from_state, event, to_state, detail) "
          "VALUES (?, ?, ?, ?, ?, ?)",
          row.time_ms,
          row.operation_id,
          row.from_state,
          row.event,
          row.to_state,
          row.detail);
}

std::optional<RecordedCall> FindRecorded(SQLite::Database& handle, const CallKey& key) {
  SQLite::Statement statement(handle,
                              "SELECT method, outcome FROM calls WHERE run_id = ? AND epoch = ? "
                              "AND operation_id = ? AND sequence = ?");
  SQLite::bind(
      statement, key.run_id, ToStored(key.epoch), key.operation_id, ToStored(key.sequence));
  if (!statement.executeStep()) {
    return std::nullopt;
  }
  return RecordedCall{.key = key,
                      .method = statement.getColumn(0).getString(),
                      .outcome = statement.getColumn(1).getString()};
}

base::Status PutCall(SQLite::Database& handle, const RecordedCall& call) {
  if (FindRecorded(handle, call.key)) {
    return base::Fail(base::ErrorCode::kAlreadyExists,
                      "journal.call_recorded",
                      "call " + std::to_string(call.key.sequence) + " of operation " +
                          call.key.operation_id + " is recorded already; return that outcome");
  }
  SQLite::Statement statement(handle, "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?)");
  SQLite::bind(statement,
               call.key.run_id,
               ToStored(call.key.epoch),
               call.key.operation_id,
               ToStored(call.key.sequence),
               call.method);
  statement.bind(6, call.outcome.data(), static_cast<int>(call.outcome.size()));
  statement.exec();
  return base::Ok();
}

LeaseRow ReadLease(SQLite::Database& handle) {
  SQLite::Statement statement(handle, "SELECT epoch, holder, run_id, text FROM lease");
  if (!statement.executeStep()) {
    return {};
  }
  return {.epoch = FromStored(statement.getColumn(0)),
          .holder = statement.getColumn(1).getString(),
          .run_id = statement.getColumn(2).getString(),
          .text = statement.getColumn(3).getString()};
}

std::optional<ProvedRow> ReadProved(SQLite::Database& handle) {
  SQLite::Statement statement(handle, "SELECT zxid, device, boot_id, file_system FROM proved");
  if (!statement.executeStep()) {
    return std::nullopt;
  }
  return ProvedRow{.zxid = FromStored(statement.getColumn(0)),
                   .device = FromStored(statement.getColumn(1)),
                   .boot_id = statement.getColumn(2).getString(),
                   .file_system = statement.getColumn(3).getString()};
}

class SqliteAgentJournal final : public AgentJournal {
 public:
  explicit SqliteAgentJournal(std::unique_ptr<Database> database)
      : database_(std::move(database)), runs_(*database_) {}

  [[nodiscard]] base::Status Commit(const OperationChange& change) override {
    return Write(*database_, "commit an operation", [&](SQLite::Database& handle) -> base::Status {
      if (change.operation) {
        PutOperation(handle, *change.operation);
      }
      if (change.transition) {
        PutTransition(handle, *change.transition);
      }
      if (change.audited) {
        AppendAudit(handle, *change.audited);
      }
      return change.call ? PutCall(handle, *change.call) : base::Ok();
    });
  }

  [[nodiscard]] base::Result<std::optional<OperationRow>> LastOperation() override {
    return SelectOperation("ORDER BY number DESC LIMIT 1", nullptr);
  }

  [[nodiscard]] base::Result<std::optional<OperationRow>> FindOperation(
      const std::string& operation_id) override {
    return SelectOperation("WHERE operation_id = ?", &operation_id);
  }

  [[nodiscard]] base::Result<std::vector<TransitionRow>> ListTransitions(
      const std::string& operation_id) override {
    return Read(*database_, "list transitions", [&](SQLite::Database& handle) {
      SQLite::Statement statement(handle,
                                  "SELECT time_ms, operation_id, from_state, event, to_state, "
                                  "detail FROM transitions WHERE operation_id = ? ORDER BY number");
      statement.bind(1, operation_id);
      std::vector<TransitionRow> rows;
      while (statement.executeStep()) {
        rows.push_back({.time_ms = statement.getColumn(0).getInt64(),
                        .operation_id = statement.getColumn(1).getString(),
                        .from_state = statement.getColumn(2).getString(),
                        .event = statement.getColumn(3).getString(),
                        .to_state = statement.getColumn(4).getString(),
                        .detail = statement.getColumn(5).getString()});
      }
      return rows;
    });
  }

  [[nodiscard]] base::Result<std::optional<RecordedCall>> FindCall(const CallKey& key) override {
    return Read(*database_, "find a call", [&](SQLite::Database& handle) {
      return FindRecorded(handle, key);
    });
  }

  [[nodiscard]] base::Result<LeaseRow> LoadLease() override {
    return Read(*database_, "read the lease", ReadLease);
  }

  [[nodiscard]] base::Status SaveLease(const LeaseRow& lease,
                                       const std::optional<AuditEntry>& audited) override {
    return Write(*database_, "store the lease", [&](SQLite::Database& handle) -> base::Status {
      const LeaseRow stored = ReadLease(handle);
      if (lease.epoch < stored.epoch ||
          (lease.epoch == stored.epoch && stored.epoch != 0 && lease.holder != stored.holder)) {
        return base::Fail(base::ErrorCode::kAborted,
                          "journal.lower_epoch",
                          "epoch " + std::to_string(lease.epoch) + " of " + lease.holder +
                              " is behind epoch " + std::to_string(stored.epoch) + " of " +
                              stored.holder + "; acquire a new epoch");
      }
      Execute(handle,
              "INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?, ?)",
              ToStored(lease.epoch),
              lease.holder,
              lease.run_id,
              lease.text);
      if (audited) {
        AppendAudit(handle, *audited);
      }
      return base::Ok();
    });
  }

  [[nodiscard]] base::Result<std::optional<ProvedRow>> LoadProved() override {
    return Read(*database_, "read the proved zxid", ReadProved);
  }

  [[nodiscard]] base::Status SaveProved(const ProvedRow& proved) override {
    return Write(*database_, "store the proved zxid", [&](SQLite::Database& handle) {
      const auto stored = ReadProved(handle);
      const std::uint64_t zxid = std::max(proved.zxid, stored ? stored->zxid : 0);
      Execute(handle,
              "INSERT OR REPLACE INTO proved (one, zxid, device, boot_id, file_system) "
              "VALUES (1, ?, ?, ?, ?)",
              ToStored(zxid),
              ToStored(proved.device),
              proved.boot_id,
              proved.file_system);
      return base::Ok();
    });
  }

  [[nodiscard]] RunStore& runs() override { return runs_; }

  [[nodiscard]] base::Result<RunPosition> PutRun(const RunRow& run,
                                                 const std::vector<RunEventRow>& events,
                                                 const RunRetention& keep,
                                                 const AuditEntry& audited) override {
    return Write(
        *database_, "store a run", [&](SQLite::Database& handle) -> base::Result<RunPosition> {
          AppendAudit(handle, audited);
          const bool is_new = !HasRun(handle, run.run_id);
          auto position = PutRunInto(handle, run, events);
          if (is_new) {
            ForgetOldRuns(handle, keep, run.run_id);
          }
          return position;
        });
  }

  [[nodiscard]] base::Status Audit(const std::vector<AuditEntry>& entries) override {
    return Write(*database_, "record calls", [&](SQLite::Database& handle) -> base::Status {
      for (const AuditEntry& entry : entries) {
        AppendAudit(handle, entry);
      }
      return base::Ok();
    });
  }

  [[nodiscard]] base::Result<std::vector<AuditRow>> ListAudit(std::uint64_t after,
                                                              std::uint64_t limit) override {
    return Read(*database_, "read the audit", [&](SQLite::Database& handle) {
      return ReadAudit(handle, after, limit);
    });
  }

 private:
  base::Result<std::optional<OperationRow>> SelectOperation(const char* where,
                                                            const std::string* id) {
    return Read(*database_,
                "read an operation",
                [&](SQLite::Database& handle) -> std::optional<OperationRow> {
                  SQLite::Statement statement(handle, std::string(kOperationColumns) + where);
                  if (id != nullptr) {
                    statement.bind(1, *id);
                  }
                  if (!statement.executeStep()) {
                    return std::nullopt;
                  }
                  return ReadOperation(statement);
                });
  }

  std::unique_ptr<Database> database_;
  RunTables runs_;
};

}  // namespace

base::Result<std::unique_ptr<AgentJournal>> OpenAgentJournal(const std::filesystem::path& path,
                                                             const History& history) {
  ZW_ASSIGN(auto database, Database::Open(path, kSchema, Access::kOwn, history));
  return std::make_unique<SqliteAgentJournal>(std::move(database));
}

base::Result<std::unique_ptr<AgentJournal>> OpenAgentJournalInMemory() {
  ZW_ASSIGN(auto database, Database::OpenInMemory(kSchema));
  return std::make_unique<SqliteAgentJournal>(std::move(database));
}

}  // namespace zoowarden::journal
