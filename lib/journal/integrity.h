// Whether a journal's file is what was written: for this component's .cc files.
#pragma once

#include "base/error.h"
#include "journal/database.h"

#include <string>

namespace zoowarden::journal {

// The tables, indexes and triggers are exactly those that the schema's migrations make at the
// file's version, every page is sound and every value stands in its table as in its index.
// kDataLoss `journal.damaged`; SQLite's exceptions pass through.
[[nodiscard]] base::Status CheckIntegrity(SQLite::Database& handle,
                                          const std::string& name,
                                          const Schema& schema);

[[nodiscard]] tl::unexpected<base::Error> Damaged(const std::string& name, const std::string& what);

// Brings the tables from `version` to `target`, each step and its number in one transaction, so
// that a crash repeats or skips none.
void Migrate(SQLite::Database& handle,
             const Schema& schema,
             std::size_t version,
             std::size_t target);

}  // namespace zoowarden::journal
