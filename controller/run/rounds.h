// One round of observation: a canary committed through a serving member, then every agent asked.
#pragma once

#include "controller/run/agents.h"
#include "sys/clock.h"

namespace zoowarden::controller {

struct RoundOptions {
  RunIdentity identity;
  std::string canary_path;  // empty = the failed write
  // Where a session with lastZxidSeen is tried and the membership is read anew. Each session costs
  // the ensemble two transactions, so only where something follows from it.
  std::set<model::ServerId> sessions;
  bool tree_digests = false;
};

// `before` chooses the member that commits the canary: one that served in it. The canary of a round
// is always committed in that round.
[[nodiscard]] model::Round MakeRound(Agents& agents,
                                     sys::Clock& clock,
                                     const RoundOptions& options,
                                     const model::Round& before);

}  // namespace zoowarden::controller
