// What the agent knows of its own health, and what follows from it: a supervisor's watchdog is fed
// only while the listener answers and the loop that does the work is not stuck.
//
// Pure: the caller looks and acts. One owner thread.
#pragma once

#include "model/observation.h"

#include <chrono>

namespace zoowarden::agent {

enum class Health {
  kGood,  // tell the watchdog
  kPoor,  // do not, and look again
  kDead,  // the listener is gone for good: end, so that a supervisor starts the agent again
};

class SelfWatch {
 public:
  // `step_runs`: how long the step that is under way has taken so far; zero when none is.
  [[nodiscard]] Health Note(bool listener_answered,
                            std::chrono::milliseconds step_runs,
                            model::OperationState state);

 private:
  int silent_ = 0;  // probes in a row without an answer
};

}  // namespace zoowarden::agent
