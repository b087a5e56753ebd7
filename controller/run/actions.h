// Carries out one action of a decision through the agents.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "controller/run/run_file.h"
#include "core/run_decision.h"

namespace zoowarden::controller {

// What an agent needs to make or find the generation of kStage and kBegin.
[[nodiscard]] base::Result<BeginOptions> BeginOptionsFor(const RunFile& run,
                                                         const core::Action& action);

// Everything but kRequestPermit, whose answer is a permit.
[[nodiscard]] base::Status PerformAction(Agents& agents,
                                         const RunFile& run,
                                         const Call& call,
                                         const core::Action& action);

}  // namespace zoowarden::controller
