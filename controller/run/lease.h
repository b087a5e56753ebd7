// One hand on the wheel: the fencing epoch of a run, from a majority of the ensemble's agents.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "sys/clock.h"

#include <functional>
#include <string>

namespace zoowarden::controller {

struct AcquireOptions {
  std::string run_id;
  std::string holder;
  bool take_over = false;
  // Told while the lease of an earlier life of the same run lapses.
  std::function<void(const std::string& text)> waiting = [](const std::string&) {};
};

// Highest epoch seen + 1, stored durably by a majority before it returns. Waits for the lease of
// the same run to lapse. Errors: kAborted "lease.held" names the other holder; kUnavailable
// "lease.no_majority" when too few agents answer.
[[nodiscard]] base::Result<RunIdentity> AcquireRun(Agents& agents,
                                                   sys::Clock& clock,
                                                   const AcquireOptions& options);

// How many of `servers` agents are a majority.
[[nodiscard]] constexpr std::size_t MajorityOf(std::size_t servers) { return servers / 2 + 1; }

}  // namespace zoowarden::controller
