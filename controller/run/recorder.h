// Writes a run's record: to a majority of the agents and to the control machine's journal, before
// any action.
//
// A record that could not be stored is neither dropped nor changed: its numbers are taken and some
// agents may have it. It is stored again as it is before there is another one, so that a number
// means the same on every copy.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "controller/run/run_file.h"
#include "controller/run/run_journal.h"
#include "core/run_decision.h"
#include "sys/clock.h"

#include <cstdint>
#include <vector>

namespace zoowarden::controller {

// What the first record of a run says of who approved it; no event when nobody was asked.
[[nodiscard]] std::vector<core::Event> ApprovalOf(const RunFile& run);

class Recorder {
 public:
  // `sequence` is that of the record the run goes on from, 0 for a new one.
  Recorder(Agents& agents, RunJournal& journal, sys::Clock& clock, std::uint64_t sequence)
      : agents_(agents), journal_(journal), clock_(clock), sequence_(sequence) {}

  // Durable on a majority and then here when it returns. kAborted "record.fenced": another
  // controller holds a majority. kUnavailable "record.no_majority" and the journal's own errors:
  // nothing may be done, StoreAgain. Not to be called while a record is not stored.
  base::Status Record(const RunIdentity& identity,
                      const RunFile& run,
                      const std::vector<core::Event>& events);
  // The record that could not be stored; errors as above.
  base::Status StoreAgain(const RunIdentity& identity);

  [[nodiscard]] bool IsNew() const { return sequence_ == 0; }  // nothing is recorded yet

 private:
  Agents& agents_;
  RunJournal& journal_;
  sys::Clock& clock_;
  std::uint64_t sequence_;
  RunRecord last_;
};

}  // namespace zoowarden::controller
