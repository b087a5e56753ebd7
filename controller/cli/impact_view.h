// What a run's clients felt, for people and scripts.
#pragma once

#include "controller/cli/document.h"
#include "core/run_state.h"

#include <string>

namespace zoowarden::controller {

[[nodiscard]] Document ImpactDocument(const core::RunState& state);
// "longest write gap 0.41 s (in the step of server 3), 1 election, connections 12 before and 11
// after". Empty where nothing was measured.
[[nodiscard]] std::string ImpactText(const core::RunState& state);
// The rest of it, a line each: what was not measured, and the connections of each member.
[[nodiscard]] std::string ImpactDetails(const core::RunState& state);

}  // namespace zoowarden::controller
