// What the agent knows of its own health, and what follows from it: a supervisor's watchdog is fed
// only while the listener serves and the loop that does the work is not stuck.
//
// Pure: the caller looks and acts. One owner thread.
#pragma once

#include "model/observation.h"

#include <chrono>
#include <optional>

namespace zoowarden::agent {

enum class Health {
  kGood,  // tell the watchdog
  kPoor,  // do not, and look again
  kDead,  // nobody is served any more: end, so that a supervisor starts the agent again
};

enum class Listener {
  kServes,
  kTurnsAway,  // it accepts and closes: at its limits, or without a descriptor
  kNotLooked,  // for want of a descriptor to look with
  kSilent,     // or it ends connections for no reason that is known
};

struct Signs {
  Listener listener = Listener::kServes;
  // How long callers have found no descriptor free, if they do.
  std::optional<std::chrono::milliseconds> without_descriptor;
  // How long the step that is under way has taken so far; zero when none is.
  std::chrono::milliseconds step_runs{0};
  model::OperationState state = model::OperationState::kIdle;
};

class SelfWatch {
 public:
  [[nodiscard]] Health Note(const Signs& signs);

 private:
  int silent_ = 0;  // looks in a row
};

}  // namespace zoowarden::agent
