// Rows of the audit for calls that committed nothing else: refusals by role, fence or validation,
// repetitions, permits, canaries; and for those that change files, which are never counted.
//
// The former are, so that nobody can fill the disk or push the history out by calling again: of
// calls alike (one caller, one reason; or one caller, method and run) a few get a row in ten
// minutes, the others are counted, and the next row says how many it stands for. What was counted
// and not written yet is lost with a crash. Thread-safe.
#pragma once

#include "base/error.h"
#include "journal/audit_chain.h"
#include "sys/clock.h"

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace zoowarden::journal {
class AgentJournal;
}  // namespace zoowarden::journal

namespace zoowarden::agent {

class AuditTrail {
 public:
  static constexpr std::chrono::minutes kWindow{10};
  static constexpr int kRowsPerWindow = 10;
  static constexpr std::size_t kMostWindows = 1'000;

  // Both must outlive it.
  AuditTrail(journal::AgentJournal& journal, sys::Clock& clock)
      : journal_(&journal), clock_(&clock) {}
  ~AuditTrail();
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;

  // A journal that cannot be written is told to the log: the call has been answered already.
  void Record(const journal::AuditEntry& entry);
  // A row for this call alone, always: it changes files, or has.
  [[nodiscard]] base::Status RecordChange(const journal::AuditEntry& entry);
  // With what was counted so far written first. Of the rows after `after`, the `limit` oldest.
  [[nodiscard]] base::Result<std::vector<journal::AuditRow>> List(std::uint64_t after,
                                                                  std::uint64_t limit);

 private:
  struct Window {
    std::chrono::milliseconds began{0};
    int rows = 0;
    std::uint64_t counted = 0;  // without a row yet
    journal::AuditEntry last;   // of those
  };
  void Write(const std::vector<journal::AuditEntry>& entries);
  void WriteCounted();

  journal::AgentJournal* journal_;
  sys::Clock* clock_;
  std::mutex mutex_;
  std::map<std::string, Window> windows_;
};

}  // namespace zoowarden::agent
