#include "controller/cli/rolled_back.h"

#include "base/text.h"
#include "controller/cli/times.h"
#include "controller/run/desired_values.h"

namespace zoowarden::controller {

namespace {

std::string DigestOf(const RunFile& run) {
  std::map<model::ServerId, model::Generation> wanted;
  for (const auto& server : run.state.servers) {
    wanted[server.id] = server.target;
  }
  return DesiredDigest(run.spec, wanted);
}

}  // namespace

std::optional<KnownRun> FindRolledBack(const KnownRuns& known, const core::PlanInput& input) {
  if (input.scope == core::PlanScope::kRepair) {
    return std::nullopt;  // to start one that is down is not to try a roll again
  }
  const auto digest = DesiredDigest(input.spec, input.wanted);
  for (const auto& run : known.runs) {  // newest first
    const auto& state = run.file.state;
    const bool ended = state.outcome == core::RunOutcome::kRolledBack ||
                       state.outcome == core::RunOutcome::kSucceeded;
    if (state.settlement || !ended || DigestOf(run.file) != digest) {
      continue;
    }
    return state.outcome == core::RunOutcome::kRolledBack ? std::optional(run) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<KnownRun> FindCarriedOut(const KnownRuns& known, const std::string& plan_digest) {
  for (const auto& run : known.runs) {
    if (run.file.plan_digest == plan_digest &&
        run.file.state.outcome == core::RunOutcome::kSucceeded) {
      return run;
    }
  }
  return std::nullopt;
}

base::Error RolledBackError(const KnownRun& run) {
  const auto at = std::chrono::milliseconds(
      run.record.events.empty() ? run.file.created_ms : run.record.events.back().time_ms);
  return {base::ErrorCode::kFailedPrecondition,
          "plan.rolled_back_before",
          "run " + run.record.run_id + " of " + Timestamp(at) +
              " was taken to exactly this desired state and rolled it back: " +
              base::Printable(run.file.state.outcome_text, 2'000) +
              "; mend what that names (`zoowarden runs show " + run.record.run_id +
              "`), or try it again with --retry"};
}

}  // namespace zoowarden::controller
