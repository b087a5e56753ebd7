// Whether a desired state was tried before and not reached: nobody who watches over a cron job
// would have it stop a server every hour, or undo what somebody decided.
#pragma once

#include "controller/cli/run_records.h"
#include "core/plan.h"

#include <optional>
#include <string>

namespace zoowarden::controller {

// The newest run that was taken to exactly this desired state and was rolled back, halted or got
// stuck, unless one has succeeded with it since.
[[nodiscard]] std::optional<KnownRun> FindFailedBefore(const KnownRuns& known,
                                                       const core::PlanInput& input);

// The run that was begun with the plan of this digest, as any copy of it says, whatever became of
// it: what was looked at once, or approved once, is done once.
[[nodiscard]] std::optional<KnownRun> FindBegunWith(const KnownRuns& known,
                                                    const std::string& plan_digest);
// kFailedPrecondition `plan.carried_out`.
[[nodiscard]] base::Error CarriedOutError(const KnownRun& run);

// "rolled exactly this desired state back: ...", what such a run did.
[[nodiscard]] std::string HowItFailed(const KnownRun& run);
// kFailedPrecondition `plan.rolled_back_before`, `plan.halted_before`, with the ways on.
[[nodiscard]] base::Error FailedBeforeError(const KnownRun& run);

}  // namespace zoowarden::controller
