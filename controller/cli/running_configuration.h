// What servers run now beyond their settings, which is all that agents tell, and what one ran
// before.
#pragma once

#include "controller/cli/context.h"
#include "controller/run/agents.h"
#include "core/plan.h"

#include <map>

namespace zoowarden::controller {

using Configurations = std::map<model::ServerId, model::ConfigurationSpec>;

// JVM options and files of the present generations: those of ensemble.yaml where the digests say
// that they did not change, else those of the run that led there, secrets masked. A server whose
// configuration no record here or on the agents knows is absent.
[[nodiscard]] Configurations RunningConfigurations(Context& context,
                                                   Agents& agents,
                                                   const core::PlanInput& input);

// Of members that are started on something else than ensemble.yaml says: that configuration, with
// the member's own settings, secrets masked, as a run that this machine or most agents know led to
// it. A member is absent where no record has it.
[[nodiscard]] Configurations EarlierConfigurations(Context& context,
                                                   Agents& agents,
                                                   const core::PlanInput& input,
                                                   const core::Plan& plan);

}  // namespace zoowarden::controller
