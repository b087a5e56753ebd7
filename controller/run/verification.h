// The cheap form of `verify` on a whole ensemble: a few rounds with canaries, what they prove, and
// ZooKeeper's own digests at equal zxids. Restarts nothing.
#pragma once

#include "controller/run/agents.h"
#include "controller/run/checks.h"
#include "core/verification.h"
#include "model/ensemble.h"
#include "sys/clock.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

struct Verdict {
  model::Round round;  // the last one
  core::Conclusions conclusions;
  std::vector<core::Problem> problems;
  core::DigestComparison digests;
};

// Looks for a few rounds, and for some more while something is wrong: what an election or a busy
// member shows for a moment is no finding. Then runs the ensemble's own checks (reason
// check_vetoed). Commits up to 130 transactions that change nothing, so that every member logs a
// digest of its tree after all of them were proved.
[[nodiscard]] Verdict VerifyEnsemble(Agents& agents,
                                     sys::Clock& clock,
                                     CheckRunner& checks,
                                     const RunIdentity& identity,
                                     const model::EnsembleSpec& spec);

}  // namespace zoowarden::controller
