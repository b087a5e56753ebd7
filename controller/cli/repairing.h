// What a repair is about: which members are down, and what each is to be started on.
#pragma once

#include "base/error.h"
#include "controller/cli/planning.h"
#include "controller/run/agents.h"
#include "core/plan.h"

namespace zoowarden::controller {

// Fills in whom `input` repairs and what everybody is wanted to run; who is not repaired is wanted
// to run what it has. What was there before is taken from records that this machine or most agents
// have. kInvalidArgument `usage.unknown_server`; kFailedPrecondition
// `repair.no_previous`: what was there before is not known or not there any more.
[[nodiscard]] base::Status AimRepair(Context& context,
                                     Agents& agents,
                                     const Target& target,
                                     core::PlanInput& input);

// A repair that installs nothing new: what it starts was approved when it was installed.
[[nodiscard]] bool StartsWhatWasThere(const Target& target);

}  // namespace zoowarden::controller
