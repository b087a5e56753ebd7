// What an ensemble came to, from how its command ended and what its run's record says. Pure.
#pragma once

#include "controller/fleet/ensemble_runs.h"
#include "core/fleet.h"

#include <optional>
#include <string>

namespace zoowarden::controller {

struct CommandEnd {
  std::optional<int> exit_code;  // none: another process began it
  std::optional<RunSeen> run;    // none: there is no run of it
  std::string last_words;
  bool looked_on = false;    // the command only showed what somebody else did
  bool stopping = false;     // it was asked to stop
  int resumptions_left = 0;  // of a run whose command broke off
};

struct EnsembleEnd {
  core::EnsembleState state = core::EnsembleState::kFailed;
  std::string message;  // of a failure
  bool others = false;  // of kOpen: somebody else carries it out, to be looked on at
};

// The record counts for more than the exit code: a command may be killed after its run has ended.
[[nodiscard]] EnsembleEnd EndOf(const CommandEnd& end);

// The state that a run's outcome means; kOpen for one that has not ended.
[[nodiscard]] core::EnsembleState StateOf(const RunSeen& run);

}  // namespace zoowarden::controller
