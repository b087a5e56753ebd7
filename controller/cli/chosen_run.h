// Which recorded run a command means, and whether it may be gone on with in the way that was asked.
#pragma once

#include "controller/cli/going_on.h"
#include "controller/cli/run_records.h"

#include <optional>
#include <string>

namespace zoowarden::controller {

// The named run, or the newest open one, as the copies that agree have it. kNotFound
// `run.none_open`, `run.none`; kFailedPrecondition `run.closed`, `run.settles`, and those of
// FindAgreedRun.
[[nodiscard]] base::Result<AgreedRun> ChooseRun(RunJournal& journal,
                                                Agents& agents,
                                                GoingOn how,
                                                const std::optional<std::string>& named);

// kFailedPrecondition `run.succeeded`: ensemble.yaml says the new release from just before the
// closing record on, and going back from there would leave it wrong. `run.not_under_way`: what has
// ended can be neither paused nor aborted.
[[nodiscard]] base::Status CheckWay(const core::RunState& state, GoingOn how);

}  // namespace zoowarden::controller
