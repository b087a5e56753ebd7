// How a plan is shown: what, in which order and why, what is checked, and the way back. Pure.
#pragma once

#include "controller/cli/document.h"
#include "controller/cli/plan_file.h"
#include "controller/cli/running_configuration.h"
#include "core/plan_moves.h"

#include <string>

namespace zoowarden::controller {

struct PlanToShow {
  const core::PlanInput& input;
  const core::Plan& plan;
  const Configurations& running;  // where known
  const Configurations& earlier;  // what members are started on that is not ensemble.yaml's
  const core::ApprovedPlan& approved;
  std::string settings_digest;  // of the merged configuration sources
  PlanStamp stamp;
};

// Of one server: what its settings, and where it is known what runs now its JVM options and files
// (by name and digest) lose and gain, secrets masked; empty = nothing that can be shown changes.
[[nodiscard]] std::string ConfigurationDiff(const PlanToShow& show,
                                            const core::PlanStep& step,
                                            const model::ConfigurationSpec& after);

// Without what is not the plan's: an open run, the error of a refusal.
[[nodiscard]] Document PlanDocument(const PlanToShow& show);
[[nodiscard]] std::string PlanText(const PlanToShow& show);

// All refusals as one error: the first one's reason, kFailedPrecondition.
[[nodiscard]] base::Error RefusalError(const core::Plan& plan);

}  // namespace zoowarden::controller
