// All that an agent keeps, for tests that compare it before and after a call that was refused.
#pragma once

#include "tests/support/everything.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <map>
#include <string>

namespace zoowarden::agent {

// The rows of its journal. Not those in which a refusal itself is told: the audit, the outcome that
// a repeated call gets, and the count of transactions.
inline std::map<std::string, std::string> RowsOfJournal(const std::filesystem::path& path) {
  SQLite::Database file(path.native(), SQLite::OPEN_READONLY);
  std::map<std::string, std::string> rows;
  SQLite::Statement tables(
      file,
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
      "AND name NOT IN ('audit', 'calls', 'commits')");
  while (tables.executeStep()) {
    const std::string table = tables.getColumn(0).getString();
    std::string& text = rows["table " + table];
    SQLite::Statement all(file, "SELECT * FROM " + table);
    while (all.executeStep()) {
      for (int column = 0; column < all.getColumnCount(); ++column) {
        text += all.getColumn(column).getString() + "|";
      }
      text += "\n";
    }
  }
  return rows;
}

// Below the directory of a RunningAgentTest, without the keys that the test itself issues there.
inline std::map<std::string, std::string> StateOfAgent(const std::filesystem::path& root) {
  auto state = test::Everything(root, [&](const std::filesystem::path& path) {
    const std::string name = path.lexically_relative(root);
    return name.starts_with("key") || name.starts_with("ca/") || name == "ca" ||
           name.starts_with("state/journal.db");
  });
  state.merge(RowsOfJournal(root / "state/journal.db"));
  return state;
}

}  // namespace zoowarden::agent
