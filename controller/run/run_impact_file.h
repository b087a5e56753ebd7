// What a run's clients felt, as it is stored in the run's record (docs/formats.md).
#pragma once

#include "core/run_impact.h"

#include <nlohmann/json_fwd.hpp>

namespace zoowarden::controller {

[[nodiscard]] nlohmann::json ImpactToJson(const core::RunImpact& impact);
// Throws what nlohmann::json throws at what it does not understand.
[[nodiscard]] core::RunImpact ImpactFromJson(const nlohmann::json& value);

}  // namespace zoowarden::controller
