// `--detach`: a run is carried out by a process of its own, which outlives this command, its
// terminal and its session. What that process does is `zoowarden resume` (or `rollback`) of a run
// whose record is on the agents already, so that a failure in between leaves a run to resume.
#pragma once

#include "controller/cli/command.h"
#include "controller/cli/driving.h"

#include <string>

namespace zoowarden::controller {

// --detach
[[nodiscard]] Option DetachOption(bool& target);

// Stores a planned run's first record and starts the process. Closes the journal of `workplace`.
// Prints which run it is and where it runs; gives the exit code of that, not of the run.
[[nodiscard]] ExitCode DetachNew(Context& context, Workplace& workplace, RunStart start);

// The same for a run that is there, from where it stands in `run`: `verb` is "resume" or
// "rollback".
[[nodiscard]] ExitCode DetachKnown(Context& context,
                                   Workplace& workplace,
                                   const KnownRun& run,
                                   const std::string& verb,
                                   bool take_over);

}  // namespace zoowarden::controller
