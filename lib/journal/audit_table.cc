#include "journal/audit_table.h"

#include "journal/sqlite_adapter.h"

namespace zoowarden::journal {
namespace {

AuditHead ReadHead(SQLite::Database& handle) {
  SQLite::Statement statement(handle,
                              "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
  if (!statement.executeStep()) {
    return {.number = 0, .hash = NoAuditHash()};
  }
  return {.number = FromStored(statement.getColumn(0)), .hash = statement.getColumn(1).getString()};
}

AuditHead Insert(SQLite::Database& handle, const AuditHead& head, const AuditEntry& entry) {
  const std::uint64_t number = head.number + 1;
  const std::string hash = AuditHash(head.hash, number, entry);
  Execute(handle,
          "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          ToStored(number),
          entry.time_ms,
          entry.caller,
          entry.method,
          entry.run_id,
          ToStored(entry.epoch),
          entry.operation_id,
          ToStored(entry.sequence),
          entry.code,
          entry.reason,
          entry.detail,
          ToStored(entry.count),
          hash);
  return {.number = number, .hash = hash};
}

std::uint64_t FirstNumber(SQLite::Database& handle) {
  return FromStored(handle.execAndGet("SELECT COALESCE(MIN(number), 1) FROM audit"));
}

// Leaves room for one row more.
AuditHead MakeRoom(SQLite::Database& handle, const AuditHead& head, std::int64_t time_ms) {
  const std::uint64_t first = FirstNumber(handle);
  if (head.number + 1 < first + kMostAuditRows) {
    return head;
  }
  SQLite::Statement statement(handle, "SELECT hash FROM audit WHERE number = ?");
  AuditHead last{.number = first + kAuditRowsDropped - 1, .hash = ""};
  statement.bind(1, ToStored(last.number));
  if (statement.executeStep()) {
    last.hash = statement.getColumn(0).getString();
  }
  Execute(handle, "DELETE FROM audit WHERE number <= ?", ToStored(last.number));
  return Insert(handle, head, AuditCheckpoint(last, time_ms));
}

}  // namespace

void AppendAudit(SQLite::Database& handle, const AuditEntry& entry) {
  Insert(handle, MakeRoom(handle, ReadHead(handle), entry.time_ms), entry);
}

std::vector<AuditRow> ReadAudit(SQLite::Database& handle,
                                std::uint64_t after,
                                std::uint64_t limit) {
  SQLite::Statement statement(
      handle,
      "SELECT number, time_ms, caller, method, run_id, epoch, operation_id, sequence, code, "
      "reason, detail, count, hash FROM audit WHERE number > ? ORDER BY number LIMIT ?");
  SQLite::bind(statement, ToStored(after), ToStored(limit));
  std::vector<AuditRow> rows;
  while (statement.executeStep()) {
    rows.push_back({.number = FromStored(statement.getColumn(0)),
                    .entry = {.time_ms = statement.getColumn(1).getInt64(),
                              .caller = statement.getColumn(2).getString(),
                              .method = statement.getColumn(3).getString(),
                              .run_id = statement.getColumn(4).getString(),
                              .epoch = FromStored(statement.getColumn(5)),
                              .operation_id = statement.getColumn(6).getString(),
                              .sequence = FromStored(statement.getColumn(7)),
                              .code = statement.getColumn(8).getString(),
                              .reason = statement.getColumn(9).getString(),
                              .detail = statement.getColumn(10).getString(),
                              .count = FromStored(statement.getColumn(11))},
                    .hash = statement.getColumn(12).getString()});
  }
  return rows;
}

}  // namespace zoowarden::journal
