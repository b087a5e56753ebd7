// Whether a desired state was tried before and taken back: nobody who watches over a cron job would
// have it try again every hour.
#pragma once

#include "controller/cli/run_records.h"
#include "core/plan.h"

#include <optional>
#include <string>

namespace zoowarden::controller {

// The newest run that rolled exactly this desired state back, unless one has succeeded with it
// since.
[[nodiscard]] std::optional<KnownRun> FindRolledBack(const KnownRuns& known,
                                                     const core::PlanInput& input);

// The run that carried out the plan of this digest and succeeded. After a restart nothing else
// tells that there was one.
[[nodiscard]] std::optional<KnownRun> FindCarriedOut(const KnownRuns& known,
                                                     const std::string& plan_digest);

// kFailedPrecondition `plan.rolled_back_before`.
[[nodiscard]] base::Error RolledBackError(const KnownRun& run);

}  // namespace zoowarden::controller
