// How a run ended, for people and programs, with what to do next and the exit code.
#pragma once

#include "controller/cli/driving.h"

#include <string>

namespace zoowarden::controller {

struct RunAsked {
  std::string run_id;
  core::RunGoal goal = core::RunGoal::kForward;  // of the command, not of the run
};

// Says how the run ended, prints its record in structured output, and gives the exit code.
[[nodiscard]] ExitCode ReportRun(Context& context,
                                 Workplace& workplace,
                                 const base::Result<EngineResult>& result,
                                 const RunAsked& asked);

// The same from a record, for who only looked on. A state that has not ended was interrupted.
[[nodiscard]] ExitCode ReportEnding(Context& context,
                                    const core::RunState& state,
                                    const base::Result<KnownRun>& record,
                                    core::RunGoal asked);

}  // namespace zoowarden::controller
