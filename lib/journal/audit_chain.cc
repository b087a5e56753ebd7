#include "journal/audit_chain.h"

#include "sys/digest.h"

#include <algorithm>

namespace zoowarden::journal {
namespace {

constexpr const char* kCheckpoint = "checkpoint";
constexpr std::size_t kHashDigits = 64;

// As in the project's other digests: a length before each text, so that no value imitates two.
void Add(std::string& form, std::string_view text) {
  form += std::to_string(text.size());
  form += ':';
  form += text;
  form += '\n';
}

tl::unexpected<base::Error> Broken(const char* reason, const std::string& what) {
  return base::Fail(base::ErrorCode::kDataLoss,
                    reason,
                    what + "; keep the agent's state directory for an investigation");
}

std::string Range(std::uint64_t first, std::uint64_t last) {
  return first == last ? "row " + std::to_string(first) + " is"
                       : "rows " + std::to_string(first) + " to " + std::to_string(last) + " are";
}

// The hash before the first row that is there.
base::Result<std::string> HashBefore(const std::vector<AuditRow>& rows) {
  const std::uint64_t first = rows.front().number;
  if (first == 1) {
    return NoAuditHash();
  }
  const auto checkpoint = std::find_if(rows.begin(), rows.end(), [&](const AuditRow& row) {
    return row.entry.method == kCheckpoint && row.entry.sequence + 1 == first &&
           // One that was made before it was due was made to hide something.
           row.number >= row.entry.sequence + (kMostAuditRows - kAuditRowsDropped);
  });
  if (checkpoint == rows.end()) {
    return Broken("audit.start_missing",
                  Range(1, first - 1) + " missing and no checkpoint tells of it");
  }
  return checkpoint->entry.detail;
}

base::Status CheckSeen(const std::vector<AuditRow>& rows,
                       const std::string& before,
                       const AuditHead& seen) {
  const std::uint64_t first = rows.empty() ? 1 : rows.front().number;
  const std::uint64_t last = rows.empty() ? 0 : rows.back().number;
  if (seen.number > last) {
    return Broken("audit.truncated",
                  Range(last + 1, seen.number) + " missing from the end: this machine saw row " +
                      std::to_string(seen.number));
  }
  if (seen.number + 1 < first) {
    return base::Ok();  // dropped since
  }
  const std::string& hash = seen.number + 1 == first ? before : rows[seen.number - first].hash;
  if (hash != seen.hash) {
    return Broken("audit.rewritten",
                  "row " + std::to_string(seen.number) +
                      " is another one than when this machine last looked");
  }
  return base::Ok();
}

}  // namespace

std::string NoAuditHash() { return std::string(kHashDigits, '0'); }

std::string AuditHash(std::string_view previous, std::uint64_t number, const AuditEntry& entry) {
  std::string form;
  Add(form, "zoowarden audit 1");
  Add(form, previous);
  Add(form, std::to_string(number));
  Add(form, std::to_string(entry.time_ms));
  Add(form, entry.caller);
  Add(form, entry.method);
  Add(form, entry.run_id);
  Add(form, std::to_string(entry.epoch));
  Add(form, entry.operation_id);
  Add(form, std::to_string(entry.sequence));
  Add(form, entry.code);
  Add(form, entry.reason);
  Add(form, entry.detail);
  Add(form, std::to_string(entry.count));
  return sys::Digest(sys::Hash::kSha256, form);
}

AuditEntry AuditCheckpoint(const AuditHead& last, std::int64_t time_ms) {
  return {.time_ms = time_ms,
          .method = kCheckpoint,
          .sequence = last.number,
          .code = "ok",
          .detail = last.hash,
          .count = last.number};
}

base::Result<AuditHead> VerifyAudit(const std::vector<AuditRow>& rows,
                                    const std::optional<AuditHead>& seen) {
  std::string before = NoAuditHash();
  if (!rows.empty()) {
    ZW_ASSIGN(before, HashBefore(rows));
  }
  std::string previous = before;
  std::uint64_t expected = rows.empty() ? 1 : rows.front().number;
  for (const AuditRow& row : rows) {
    if (row.number > expected) {
      return Broken("audit.row_missing", Range(expected, row.number - 1) + " missing");
    }
    if (row.number != expected || AuditHash(previous, row.number, row.entry) != row.hash) {
      return Broken("audit.row_changed",
                    "row " + std::to_string(expected) +
                        " is not what was recorded after the row before it: one of the two was "
                        "edited, moved or removed");
    }
    previous = row.hash;
    ++expected;
  }
  if (seen) {
    ZW_TRY(CheckSeen(rows, before, *seen));
  }
  return AuditHead{.number = expected - 1, .hash = previous};
}

}  // namespace zoowarden::journal
