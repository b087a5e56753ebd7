// Writes a run's record: to the control machine's journal and to a majority of the agents, before
// any action. Events that could not be written yet are kept and go with the next attempt.
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

class Recorder {
 public:
  // `sequence` is that of the record the run goes on from, 0 for a new one.
  Recorder(Agents& agents, RunJournal& journal, sys::Clock& clock, std::uint64_t sequence)
      : agents_(agents), journal_(journal), clock_(clock), sequence_(sequence) {}

  // Durable here and on a majority when it returns. kAborted "record.fenced": another controller
  // holds the run. kUnavailable: too few agents; nothing may be done, try again.
  base::Status Record(const RunIdentity& identity,
                      const RunFile& run,
                      const std::vector<core::Event>& events);

  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }

 private:
  Agents& agents_;
  RunJournal& journal_;
  sys::Clock& clock_;
  std::uint64_t sequence_;
};

}  // namespace zoowarden::controller
