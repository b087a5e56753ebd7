// The audit's table inside the agent's journal. For this component's .cc files.
#pragma once

#include "journal/audit_chain.h"

#include <cstdint>
#include <vector>

namespace SQLite {
class Database;
}

namespace zoowarden::journal {

// Released: never change, add another.
inline constexpr const char* kCreateAuditTable = R"(
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY NOT NULL,
    time_ms INTEGER NOT NULL,
    caller TEXT NOT NULL,
    method TEXT NOT NULL,
    run_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    operation_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    count INTEGER NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER audit_is_kept BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
)";

// Within the caller's transaction. Drops the oldest rows when there are too many.
void AppendAudit(SQLite::Database& handle, const AuditEntry& entry);
// Of the rows after `after`, the `limit` oldest.
[[nodiscard]] std::vector<AuditRow> ReadAudit(SQLite::Database& handle,
                                              std::uint64_t after,
                                              std::uint64_t limit);

}  // namespace zoowarden::journal
