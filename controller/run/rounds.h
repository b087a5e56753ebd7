// One round of observation: a canary committed through a serving member, then every agent asked.
#pragma once

#include "controller/run/agents.h"
#include "sys/clock.h"

namespace zoowarden::controller {

struct RoundOptions {
  RunIdentity identity;
  std::string canary_path;     // empty = the failed write
  bool check_session = false;  // a server was restarted: a session with lastZxidSeen is tried
};

// `before` chooses the member that commits the canary: one that served in it. The canary of a round
// is always committed in that round.
[[nodiscard]] model::Round MakeRound(Agents& agents,
                                     sys::Clock& clock,
                                     const RoundOptions& options,
                                     const model::Round& before);

}  // namespace zoowarden::controller
