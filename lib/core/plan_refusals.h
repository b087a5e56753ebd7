// What a plan refuses by name instead of letting it slip through as configuration. Pure.
#pragma once

#include "core/plan.h"

#include <vector>

namespace zoowarden::core {

[[nodiscard]] std::vector<Refusal> FindRefusals(const PlanInput& input);
// Of PlanScope::kRepair.
[[nodiscard]] std::vector<Refusal> FindRepairRefusals(const PlanInput& input);

// Target rules bind the way forward: a generation that was installed here may be returned to.
[[nodiscard]] bool IsOnServer(const model::MemberObservation& seen,
                              const model::Generation& wanted);

}  // namespace zoowarden::core
