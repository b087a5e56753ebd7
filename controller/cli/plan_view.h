// How a plan is shown: what, in which order and why, what is checked, and the way back. Pure.
#pragma once

#include "controller/cli/document.h"
#include "core/plan.h"

#include <string>

namespace zoowarden::controller {

struct PlanToShow {
  const core::PlanInput& input;
  const core::Plan& plan;
  std::string kind;             // "upgrade", "apply"
  std::string settings_digest;  // of the merged configuration sources
};

// Of one server: what its configuration loses and gains, secrets masked; empty = nothing that can
// be shown changes.
[[nodiscard]] std::string SettingsDiff(const core::PlanInput& input, const core::PlanStep& step);

[[nodiscard]] Document PlanDocument(const PlanToShow& show);
[[nodiscard]] std::string PlanText(const PlanToShow& show);

// All refusals as one error: the first one's reason, kFailedPrecondition.
[[nodiscard]] base::Error RefusalError(const core::Plan& plan);

}  // namespace zoowarden::controller
