#include "controller/cli/confirmed_position.h"

#include "base/text.h"

namespace zoowarden::controller {

std::string PositionWord(const KnownRun& run) {
  const auto& state = run.file.state;
  return std::to_string(run.record.epoch) + "." + std::to_string(run.record.sequence) + "." +
         std::string(RunPhaseName(state.phase)) + "." + std::string(RunGoalName(state.goal));
}

base::Result<KnownRun> StandingAt(KnownRun run, const std::string& word) {
  const auto parts = base::Split(word, '.');
  const bool whole = parts.size() == 4;
  const auto epoch = whole ? base::ParseUnsigned(parts[0]) : std::nullopt;
  const auto sequence = whole ? base::ParseUnsigned(parts[1]) : std::nullopt;
  const auto phase = whole ? core::ParseRunPhase(parts[2]) : std::nullopt;
  const auto goal = whole ? core::ParseRunGoal(parts[3]) : std::nullopt;
  if (!epoch || !sequence || !phase || !goal) {
    return base::Fail(
        base::ErrorCode::kInvalidArgument,
        "usage.bad_value",
        "'" + base::Printable(word, 80) + "' is no position of a run; leave --confirmed away");
  }
  run.record.epoch = *epoch;
  run.record.sequence = *sequence;
  run.file.state.phase = *phase;
  run.file.state.goal = *goal;
  return run;
}

}  // namespace zoowarden::controller
