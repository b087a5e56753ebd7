// Where SQLiteCpp's exceptions end. Included by this component's .cc files only.
#pragma once

#include "base/error.h"
#include "journal/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/VariadicBind.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

namespace zoowarden::journal {

// "cannot <doing> in <file>: ..." with the code and next action of SQLite's error.
[[nodiscard]] base::Error ToError(const std::string& file,
                                  const char* doing,
                                  const SQLite::Exception& exception);

// Calls `query(SQLite::Database&)`, alone, and gives what it gives.
template <typename Query>
auto Read(Database& database, const char* doing, Query query)
    -> base::Result<std::invoke_result_t<Query, SQLite::Database&>> {
  const std::lock_guard<std::mutex> lock(database.mutex());
  try {
    return query(database.handle());
  } catch (const SQLite::Exception& e) {
    return base::Fail(ToError(database.name(), doing, e));
  }
}

// Calls `change(SQLite::Database&)`, which returns Status or Result, in one transaction. It is
// durable when this returns success, and undone when it returns an error.
template <typename Change>
auto Write(Database& database, const char* doing, Change change)
    -> std::invoke_result_t<Change, SQLite::Database&> {
  const std::lock_guard<std::mutex> lock(database.mutex());
  try {
    SQLite::Transaction transaction(database.handle(), SQLite::TransactionBehavior::IMMEDIATE);
    auto result = change(database.handle());
    if (result) {
      database.CountCommit();
      transaction.commit();
      database.NoteCommitted();
    }
    return result;
  } catch (const SQLite::Exception& e) {
    return base::Fail(ToError(database.name(), doing, e));
  }
}

// SQLite's integers are signed; ours keep all 64 bits.
inline std::int64_t ToStored(std::uint64_t value) { return static_cast<std::int64_t>(value); }
inline std::uint64_t FromStored(const SQLite::Column& column) {
  return static_cast<std::uint64_t>(column.getInt64());
}

// Binds the values in order and runs the statement to its end.
template <typename... Values>
void Execute(SQLite::Database& database, const char* sql, const Values&... values) {
  SQLite::Statement statement(database, sql);
  SQLite::bind(statement, values...);
  statement.exec();
}

}  // namespace zoowarden::journal
