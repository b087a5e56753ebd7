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
  // Told of a lease that lived when a take-over was accepted.
  std::function<void(const Lease& lease)> interrupted = [](const Lease&) {};
};

// Highest epoch seen + 1, stored durably by a majority before it returns; where fewer accept it,
// they are let go of again. Waits for the lease of the same run to lapse. Errors: kAborted
// "lease.held" names the other holder; kUnavailable "lease.no_majority" when too few agents answer.
[[nodiscard]] base::Result<RunIdentity> AcquireRun(Agents& agents,
                                                   sys::Clock& clock,
                                                   const AcquireOptions& options);

// For a minority of agents that has a higher epoch than `held` and nobody behind it, left by an
// acquisition that failed: goes over it with a higher one of the same holder. Only while a majority
// of all agents says that it is still held by this holder: a silent one may be a newer
// controller's. kAborted "run.fenced" when the others are too many for that; kAborted "lease.held"
// while somebody else's lease lives in a minority; kUnavailable "lease.no_majority" and
// "lease.not_raised" when too few answer, to be asked again before anything else is done.
[[nodiscard]] base::Result<RunIdentity> RaiseEpoch(Agents& agents, const RunIdentity& held);

// kPermissionDenied "lease.denied" when a majority of agents refuses this controller's certificate
// or shows one that is not believed here.
[[nodiscard]] base::Status CheckTaken(Agents& agents);

// How many of `servers` agents are a majority.
[[nodiscard]] constexpr std::size_t MajorityOf(std::size_t servers) { return servers / 2 + 1; }

}  // namespace zoowarden::controller
