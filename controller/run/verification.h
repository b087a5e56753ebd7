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
  model::Round round;  // the last one before digests were read
  core::Conclusions conclusions;
  std::vector<core::Problem> problems;
  core::DigestComparison digests;
};

// Looks for a few rounds, and for some more while something is wrong: what an election or a busy
// member shows for a moment is no finding. Then compares, once, the digests of those members that
// are proved, and runs the ensemble's own checks (reason check_vetoed). Each round commits a
// canary; before the digests as many follow as it takes until members log one, of at most 130
// transactions together. They change nothing.
[[nodiscard]] Verdict VerifyEnsemble(Agents& agents,
                                     sys::Clock& clock,
                                     CheckRunner& checks,
                                     const RunIdentity& identity,
                                     const model::EnsembleSpec& spec);

}  // namespace zoowarden::controller
