#include "controller/cli/rolled_back.h"

#include "base/text.h"
#include "controller/cli/times.h"
#include "controller/run/desired_values.h"

#include <algorithm>

namespace zoowarden::controller {

namespace {

std::string DigestOf(const RunFile& run) {
  std::map<model::ServerId, model::Generation> wanted;
  for (const auto& server : run.state.servers) {
    wanted[server.id] = server.target;
  }
  return DesiredDigest(run.spec, wanted);
}

// What settles or repairs a server, or starts servers again on what they run, tries no desired
// state.
bool LedElsewhere(const core::RunState& state) {
  return !state.settlement && !core::IsRepair(state) &&
         std::any_of(state.servers.begin(), state.servers.end(), [](const core::ServerRun& server) {
           return server.origin.digest != server.target.digest;
         });
}

// Whether a run that ended so tells whether its desired state can be reached.
bool TellsOfIt(core::RunOutcome outcome) {
  switch (outcome) {
    case core::RunOutcome::kSucceeded:
    case core::RunOutcome::kRolledBack:
    case core::RunOutcome::kHalted:
    case core::RunOutcome::kStuck:
      return true;
    case core::RunOutcome::kRefused:
    case core::RunOutcome::kNone:
      break;
  }
  return false;
}

}  // namespace

std::optional<KnownRun> FindFailedBefore(const KnownRuns& known, const core::PlanInput& input) {
  if (input.scope == core::PlanScope::kRepair) {
    return std::nullopt;  // to start one that is down is not to try a roll again
  }
  const auto digest = DesiredDigest(input.spec, input.wanted);
  for (const auto& run : known.runs) {  // newest first
    const auto& state = run.file.state;
    if (!LedElsewhere(state) || !TellsOfIt(state.outcome) || DigestOf(run.file) != digest) {
      continue;
    }
    return state.outcome == core::RunOutcome::kSucceeded ? std::nullopt : std::optional(run);
  }
  return std::nullopt;
}

std::optional<KnownRun> FindBegunWith(const KnownRuns& known, const std::string& plan_digest) {
  const auto begun =
      std::find_if(known.runs.begin(), known.runs.end(), [&plan_digest](const KnownRun& run) {
        return run.plan_digests.contains(plan_digest);
      });
  return begun == known.runs.end() ? std::nullopt : std::optional(*begun);
}

base::Error CarriedOutError(const KnownRun& run) {
  const auto& state = run.file.state;
  const auto became = state.outcome == core::RunOutcome::kNone
                          ? std::string("it has no outcome")
                          : "it is " + std::string(RunOutcomeName(state.outcome));
  return {base::ErrorCode::kFailedPrecondition,
          "plan.carried_out",
          "run " + run.record.run_id + " was begun with this plan (" + became +
              "), and a plan is carried out once; make a new plan"};
}

std::string HowItFailed(const KnownRun& run) {
  const auto& state = run.file.state;
  const auto text = ": " + base::Printable(state.outcome_text, 2'000);
  switch (state.outcome) {
    case core::RunOutcome::kHalted:
      return "halted on the way to exactly this desired state" + text;
    case core::RunOutcome::kStuck:
      return "got stuck on the way back from exactly this desired state" + text;
    default:
      return "rolled exactly this desired state back" + text;
  }
}

base::Error FailedBeforeError(const KnownRun& run) {
  const auto& id = run.record.run_id;
  const auto at = std::chrono::milliseconds(
      run.record.events.empty() ? run.file.created_ms : run.record.events.back().time_ms);
  const auto text = "run " + id + " of " + Timestamp(at) + " " + HowItFailed(run) +
                    "; mend what that names (`zoowarden runs show " + id + "`)";
  if (run.file.state.outcome == core::RunOutcome::kRolledBack) {
    return {base::ErrorCode::kFailedPrecondition,
            "plan.rolled_back_before",
            text + ", then try it again with --retry"};
  }
  const auto ways = run.open ? ", then go on with `zoowarden resume " + id +
                                   "` or back with `zoowarden rollback " + id +
                                   "`, or try it anew with --retry"
                             : std::string(", then try it again with --retry");
  return {base::ErrorCode::kFailedPrecondition, "plan.halted_before", text + ways};
}

}  // namespace zoowarden::controller
