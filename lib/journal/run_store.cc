#include "journal/run_store.h"

#include "journal/run_tables.h"
#include "journal/sqlite_adapter.h"

#include <array>
#include <utility>

namespace zoowarden::journal {
namespace {

constexpr std::array<const char*, 1> kMigrations{kCreateRunTables};
constexpr Schema kSchema{
    .name = "run store", .application_id = 0x5A575253, .migrations = kMigrations};

constexpr const char* kRunColumns =
    "SELECT run_id, ensemble, created_ms, epoch, sequence, outcome, state_json FROM runs ";

RunRow ReadRun(SQLite::Statement& statement) {
  return {.run_id = statement.getColumn(0).getString(),
          .ensemble = statement.getColumn(1).getString(),
          .created_ms = statement.getColumn(2).getInt64(),
          .position = {.epoch = FromStored(statement.getColumn(3)),
                       .sequence = FromStored(statement.getColumn(4))},
          .outcome = statement.getColumn(5).getString(),
          .state_json = statement.getColumn(6).getString()};
}

std::optional<RunRow> FindRun(SQLite::Database& handle, const std::string& run_id) {
  SQLite::Statement statement(handle, std::string(kRunColumns) + "WHERE run_id = ?");
  statement.bind(1, run_id);
  if (!statement.executeStep()) {
    return std::nullopt;
  }
  return ReadRun(statement);
}

void PutEvent(SQLite::Database& handle, const std::string& run_id, const RunEventRow& event) {
  Execute(handle,
          "INSERT INTO run_events VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
          run_id,
          ToStored(event.position.epoch),
          ToStored(event.position.sequence),
          event.time_ms,
          event.kind,
          static_cast<std::int64_t>(event.server),
          event.text,
          event.json);
}

// What is no JSON, or another's, has neither ended nor an outcome.
std::vector<RunFate> FatesOf(SQLite::Database& handle) {
  SQLite::Statement statement(
      handle,
      "WITH told AS (SELECT run_id, created_ms, epoch, sequence, "
      "CASE WHEN json_valid(state_json) THEN state_json ELSE '{}' END AS state FROM runs) "
      "SELECT run_id, created_ms, json_extract(state, '$.state.phase') IS 'ended', "
      "ifnull(json_extract(state, '$.state.outcome'), ''), "
      "json_extract(state, '$.state.settlement') IS NOT NULL, "
      "EXISTS (SELECT 1 FROM json_each(told.state, '$.state.servers') AS server "
      "WHERE json_extract(server.value, '$.repair') OR json_extract(server.value, '$.restart')) "
      "FROM told "
      "ORDER BY epoch DESC, sequence DESC, created_ms DESC, run_id");
  std::vector<RunFate> fates;
  while (statement.executeStep()) {
    fates.push_back({.run_id = statement.getColumn(0).getString(),
                     .created_ms = statement.getColumn(1).getInt64(),
                     .ended = statement.getColumn(2).getInt() != 0,
                     .outcome = statement.getColumn(3).getString(),
                     .settles = statement.getColumn(4).getInt() != 0,
                     .starts = statement.getColumn(5).getInt() != 0});
  }
  return fates;
}

void ForgetRun(SQLite::Database& handle, const std::string& run_id) {
  Execute(handle, "DELETE FROM run_events WHERE run_id = ?", run_id);
  Execute(handle, "DELETE FROM runs WHERE run_id = ?", run_id);
}

// Owns its database, unlike RunTables.
class OwningRunStore final : public RunStore {
 public:
  explicit OwningRunStore(std::unique_ptr<Database> database)
      : database_(std::move(database)), tables_(*database_) {}

  [[nodiscard]] base::Result<RunPosition> Put(const RunRow& run,
                                              const std::vector<RunEventRow>& events) override {
    return tables_.Put(run, events);
  }
  [[nodiscard]] base::Result<std::optional<RunRow>> Find(const std::string& run_id) override {
    return tables_.Find(run_id);
  }
  [[nodiscard]] base::Result<std::vector<RunRow>> List() override { return tables_.List(); }
  [[nodiscard]] base::Result<std::vector<RunEventRow>> ListEvents(
      const std::string& run_id) override {
    return tables_.ListEvents(run_id);
  }
  [[nodiscard]] base::Result<std::vector<std::string>> ListOld(const RunRetention& keep) override {
    return tables_.ListOld(keep);
  }
  [[nodiscard]] base::Status Forget(const std::vector<std::string>& run_ids) override {
    return tables_.Forget(run_ids);
  }

 private:
  std::unique_ptr<Database> database_;
  RunTables tables_;
};

}  // namespace

base::Result<RunPosition> PutRunInto(SQLite::Database& handle,
                                     const RunRow& run,
                                     const std::vector<RunEventRow>& events) {
  const auto stored = FindRun(handle, run.run_id);
  const bool is_newest = !stored || run.position >= stored->position;
  if (is_newest) {
    Execute(handle,
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET "
            "epoch = excluded.epoch, sequence = excluded.sequence, outcome = excluded.outcome, "
            "state_json = excluded.state_json",
            run.run_id,
            run.ensemble,
            run.created_ms,
            ToStored(run.position.epoch),
            ToStored(run.position.sequence),
            run.outcome,
            run.state_json);
  }
  for (const RunEventRow& event : events) {
    PutEvent(handle, run.run_id, event);
  }
  return is_newest ? run.position : stored->position;
}

bool HasRun(SQLite::Database& handle, const std::string& run_id) {
  return FindRun(handle, run_id).has_value();
}

void ForgetOldRuns(SQLite::Database& handle,
                   const RunRetention& keep,
                   const std::string& newcomer) {
  for (const auto& id : RunsToForget(FatesOf(handle), keep)) {
    if (id != newcomer) {
      ForgetRun(handle, id);
    }
  }
}

base::Result<RunPosition> RunTables::Put(const RunRow& run,
                                         const std::vector<RunEventRow>& events) {
  return Write(database_, "store a run", [&](SQLite::Database& handle) {
    return PutRunInto(handle, run, events);
  });
}

base::Result<std::optional<RunRow>> RunTables::Find(const std::string& run_id) {
  return Read(
      database_, "find a run", [&](SQLite::Database& handle) { return FindRun(handle, run_id); });
}

base::Result<std::vector<RunRow>> RunTables::List() {
  return Read(database_, "list runs", [](SQLite::Database& handle) {
    SQLite::Statement statement(
        handle,
        std::string(kRunColumns) + "ORDER BY epoch DESC, sequence DESC, created_ms DESC, run_id");
    std::vector<RunRow> runs;
    while (statement.executeStep()) {
      runs.push_back(ReadRun(statement));
    }
    return runs;
  });
}

base::Result<std::vector<RunEventRow>> RunTables::ListEvents(const std::string& run_id) {
  return Read(database_, "list events", [&](SQLite::Database& handle) {
    SQLite::Statement statement(handle,
                                "SELECT epoch, sequence, time_ms, kind, server, text, json "
                                "FROM run_events WHERE run_id = ? ORDER BY epoch, sequence");
    statement.bind(1, run_id);
    std::vector<RunEventRow> events;
    while (statement.executeStep()) {
      events.push_back({.position = {.epoch = FromStored(statement.getColumn(0)),
                                     .sequence = FromStored(statement.getColumn(1))},
                        .time_ms = statement.getColumn(2).getInt64(),
                        .kind = statement.getColumn(3).getString(),
                        .server = statement.getColumn(4).getUInt(),
                        .text = statement.getColumn(5).getString(),
                        .json = statement.getColumn(6).getString()});
    }
    return events;
  });
}

base::Result<std::vector<std::string>> RunTables::ListOld(const RunRetention& keep) {
  return Read(database_, "list old runs", [&](SQLite::Database& handle) {
    return RunsToForget(FatesOf(handle), keep);
  });
}

base::Status RunTables::Forget(const std::vector<std::string>& run_ids) {
  return Write(database_, "forget runs", [&](SQLite::Database& handle) {
    for (const auto& run_id : run_ids) {
      ForgetRun(handle, run_id);
    }
    return base::Ok();
  });
}

base::Result<std::unique_ptr<RunStore>> OpenRunStore(const std::filesystem::path& path,
                                                     Access access) {
  ZW_ASSIGN(auto database, Database::Open(path, kSchema, access));
  return std::make_unique<OwningRunStore>(std::move(database));
}

base::Result<std::unique_ptr<RunStore>> OpenRunStoreInMemory() {
  ZW_ASSIGN(auto database, Database::OpenInMemory(kSchema));
  return std::make_unique<OwningRunStore>(std::move(database));
}

}  // namespace zoowarden::journal
