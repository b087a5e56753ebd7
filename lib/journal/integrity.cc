#include "journal/integrity.h"

#include "base/text.h"
#include "journal/sqlite_adapter.h"

#include <vector>

namespace zoowarden::journal {
namespace {

std::vector<std::string> TablesOf(SQLite::Database& handle) {
  SQLite::Statement statement(handle,
                              "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || "
                              "ifnull(sql, '') FROM sqlite_schema ORDER BY 1");
  std::vector<std::string> tables;
  while (statement.executeStep()) {
    tables.push_back(statement.getColumn(0).getString());
  }
  return tables;
}

}  // namespace

tl::unexpected<base::Error> Damaged(const std::string& name, const std::string& what) {
  return base::Fail(
      base::ErrorCode::kDataLoss,
      "journal.damaged",
      name + " is damaged (" + what + "); keep it, restore it from a copy or ask for its repair");
}

void Migrate(SQLite::Database& handle,
             const Schema& schema,
             std::size_t version,
             std::size_t target) {
  for (std::size_t next = version; next < target; ++next) {
    SQLite::Transaction transaction(handle, SQLite::TransactionBehavior::IMMEDIATE);
    handle.exec(schema.migrations[next]);
    handle.exec("PRAGMA user_version=" + std::to_string(next + 1));
    transaction.commit();
  }
}

base::Status CheckIntegrity(SQLite::Database& handle,
                            const std::string& name,
                            const Schema& schema) {
  const auto version = static_cast<std::size_t>(handle.execAndGet("PRAGMA user_version").getInt());
  SQLite::Database expected(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  Migrate(expected, schema, 0, version);
  if (TablesOf(handle) != TablesOf(expected)) {
    return Damaged(name, "its tables are not those of version " + std::to_string(version));
  }
  const std::string verdict = handle.execAndGet("PRAGMA integrity_check(1)").getString();
  if (verdict != "ok") {
    return Damaged(name, base::Printable(verdict, 200));
  }
  return base::Ok();
}

}  // namespace zoowarden::journal
