// Where a run's record is kept on the control machine. The agents' copies are what survives its
// loss.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

class RunJournal {
 public:
  virtual ~RunJournal() = default;

  // Durable when it returns: the state replaces the older one, the events are appended.
  virtual base::Status Save(const RunRecord& record) = 0;
  virtual base::Result<std::vector<RunRecord>> List() = 0;  // newest first, without events
  virtual base::Result<RunRecord> Load(const std::string& run_id) = 0;
};

}  // namespace zoowarden::controller
