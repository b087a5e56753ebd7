// What a plan refuses by name instead of letting it slip through as configuration. Pure.
#pragma once

#include "core/plan.h"

#include <vector>

namespace zoowarden::core {

[[nodiscard]] std::vector<Refusal> FindRefusals(const PlanInput& input);

}  // namespace zoowarden::core
