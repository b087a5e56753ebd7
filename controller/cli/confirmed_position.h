// Where a run stood when a person said what shall become of it, as a word of a command line: for
// the process that carries that out.
#pragma once

#include "base/error.h"
#include "controller/cli/run_records.h"

#include <string>

namespace zoowarden::controller {

// "2.17.rolling.forward": epoch, sequence, phase and goal.
[[nodiscard]] std::string PositionWord(const KnownRun& run);

// The run as it was read here, but standing where that word says. kInvalidArgument
// `usage.bad_value`.
[[nodiscard]] base::Result<KnownRun> StandingAt(KnownRun run, const std::string& word);

}  // namespace zoowarden::controller
