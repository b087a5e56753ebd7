// The audit of one agent as a chain: each row's hash covers the row and the hash before it, so that
// a removed, edited or moved row is found by whoever has all of them. What a chain alone cannot
// show is that its end was cut off, or that all of it was made anew: for that somebody else must
// have kept the hash of a row. Pure functions.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::journal {

// One call, or several alike that were refused or answered shortly after each other.
struct AuditEntry {
  std::int64_t time_ms = 0;  // wall clock at its arrival, Unix milliseconds
  std::string caller;        // URI of its certificate, or why there is none
  std::string method;        // "OperateService/Begin"
  std::string run_id;
  std::uint64_t epoch = 0;
  std::string operation_id;
  std::uint64_t sequence = 0;
  std::string code;    // "ok", or base::ErrorCodeName
  std::string reason;  // of a refusal
  std::string detail;
  std::uint64_t count = 1;  // of calls that this row stands for
  bool operator==(const AuditEntry&) const = default;
};

struct AuditRow {
  std::uint64_t number = 0;  // from 1 on, without gaps
  AuditEntry entry;
  std::string hash;  // SHA-256, lower-case hexadecimal
  bool operator==(const AuditRow&) const = default;
};

// The newest row of a chain; number 0 = it is empty.
struct AuditHead {
  std::uint64_t number = 0;
  std::string hash;
  bool operator==(const AuditHead&) const = default;
};

// Stands before row 1.
[[nodiscard]] std::string NoAuditHash();

[[nodiscard]] std::string AuditHash(std::string_view previous,
                                    std::uint64_t number,
                                    const AuditEntry& entry);

// A journal keeps at most this many rows. Reaching it, the oldest are dropped and a checkpoint is
// appended, so that what is left can still be verified; frozen, because readers judge by it.
inline constexpr std::uint64_t kMostAuditRows = 10'000;
inline constexpr std::uint64_t kAuditRowsDropped = 1'000;

// What is written into the chain when everything up to row `last` was dropped.
[[nodiscard]] AuditEntry AuditCheckpoint(const AuditHead& last, std::int64_t time_ms);

// All rows that there are, in order; `seen` is what was kept of an earlier look. Gives the newest
// row. Everything else is kDataLoss and names the first row that is wrong: `audit.start_missing`,
// `audit.row_missing`, `audit.row_changed`, `audit.truncated`, `audit.rewritten`.
[[nodiscard]] base::Result<AuditHead> VerifyAudit(const std::vector<AuditRow>& rows,
                                                  const std::optional<AuditHead>& seen);

}  // namespace zoowarden::journal
