// This program once more, for a run that outlives its caller.
//
// Where systemd runs it is put into a scope of its own, which the end of a session does not reach:
// the system's for root, the user's own where that user lingers. Elsewhere it gets a session
// (setsid) of its own. Environment and working directory are the caller's in all three.
#pragma once

#include "base/error.h"
#include "controller/cli/context.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

[[nodiscard]] base::Result<Detached> StartAgain(const DetachRequest& request);
// One that an earlier life of the caller started (Detached::process); nullopt when it has gone.
[[nodiscard]] std::optional<Detached> FindStarted(const std::string& process);
// One of this program and user whose command line has these words, one after the other; not this
// process. The program's file may have been replaced since it was begun.
[[nodiscard]] std::optional<Detached> FindStartedWith(const std::vector<std::string>& words);

}  // namespace zoowarden::controller
