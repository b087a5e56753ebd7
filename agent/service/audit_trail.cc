#include "agent/service/audit_trail.h"

#include "base/log.h"
#include "journal/agent_journal.h"

#include <utility>

namespace zoowarden::agent {
namespace {

// A refused caller may invent methods' arguments and runs; its reasons are few.
std::string KeyOf(const journal::AuditEntry& entry) {
  return entry.caller + '\n' + entry.code + '\n' +
         (entry.code == "ok" ? entry.method + '\n' + entry.run_id : entry.reason);
}

}  // namespace

AuditTrail::~AuditTrail() { WriteCounted(); }

void AuditTrail::Record(const journal::AuditEntry& entry) {
  const std::lock_guard lock(mutex_);
  if (windows_.size() >= kMostWindows) {
    WriteCounted();
    windows_.clear();
  }
  Window& window = windows_[KeyOf(entry)];
  const auto now = clock_->BootTime();
  if (window.rows == 0 || now - window.began >= kWindow) {
    window.began = now;
    window.rows = 0;
  }
  if (window.rows >= kRowsPerWindow) {
    ++window.counted;
    window.last = entry;
    return;
  }
  ++window.rows;
  journal::AuditEntry row = entry;
  row.count += std::exchange(window.counted, 0);
  Write({row});
}

base::Status AuditTrail::RecordChange(const journal::AuditEntry& entry) {
  const std::lock_guard lock(mutex_);
  return journal_->Audit({entry});
}

base::Result<std::vector<journal::AuditRow>> AuditTrail::List(std::uint64_t after,
                                                              std::uint64_t limit) {
  const std::lock_guard lock(mutex_);
  WriteCounted();
  return journal_->ListAudit(after, limit);
}

void AuditTrail::WriteCounted() {
  std::vector<journal::AuditEntry> rows;
  for (auto& [key, window] : windows_) {
    if (window.counted > 0) {
      rows.push_back(window.last);
      rows.back().count = std::exchange(window.counted, 0);
    }
  }
  if (!rows.empty()) {
    Write(rows);
  }
}

void AuditTrail::Write(const std::vector<journal::AuditEntry>& entries) {
  if (const auto written = journal_->Audit(entries); !written) {
    base::LogWarn("not_recorded=audit " + written.error().message());
  }
}

}  // namespace zoowarden::agent
