// The tables of run_store.h inside a database that may hold others. For this component's .cc files.
#pragma once

#include "journal/run_store.h"

namespace SQLite {
class Database;
}

namespace zoowarden::journal {

// The first migration of both schemas that hold runs. Released: never change, add another.
inline constexpr const char* kCreateRunTables = R"(
  CREATE TABLE runs (
    run_id TEXT PRIMARY KEY NOT NULL,
    ensemble TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    state_json TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE run_events (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    server INTEGER NOT NULL,
    text TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (run_id, epoch, sequence)
  ) STRICT, WITHOUT ROWID;
)";

// RunStore::Put within the caller's transaction.
[[nodiscard]] base::Result<RunPosition> PutRunInto(SQLite::Database& handle,
                                                   const RunRow& run,
                                                   const std::vector<RunEventRow>& events);

// Forgets what `keep` does not keep, within the caller's transaction; never `newcomer`.
void ForgetOldRuns(SQLite::Database& handle, const RunRetention& keep, const std::string& newcomer);
[[nodiscard]] bool HasRun(SQLite::Database& handle, const std::string& run_id);

class RunTables final : public RunStore {
 public:
  // Does not own the database, which must outlive it.
  explicit RunTables(Database& database) : database_(database) {}

  [[nodiscard]] base::Result<RunPosition> Put(const RunRow& run,
                                              const std::vector<RunEventRow>& events) override;
  [[nodiscard]] base::Result<std::optional<RunRow>> Find(const std::string& run_id) override;
  [[nodiscard]] base::Result<std::vector<RunRow>> List() override;
  [[nodiscard]] base::Result<std::vector<RunEventRow>> ListEvents(
      const std::string& run_id) override;
  [[nodiscard]] base::Result<std::vector<std::string>> ListOld(const RunRetention& keep) override;
  [[nodiscard]] base::Status Forget(const std::vector<std::string>& run_ids) override;

 private:
  Database& database_;
};

}  // namespace zoowarden::journal
