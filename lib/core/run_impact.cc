// What clients felt, noted in every round and judged at safe points.
#include "core/run_impact.h"

#include "core/run_internal.h"

#include <algorithm>

namespace zoowarden::core::internal {
namespace {

std::string Seconds(std::chrono::milliseconds time) {
  const auto hundredths = (time.count() + 9) / 10;  // rounded up: 1 ms is not 0.00 s
  const auto rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + "." + (rest.size() == 1 ? "0" : "") + rest + " s";
}

// Whose step it is: the server being changed, or the one that was last.
std::optional<model::ServerId> StepOf(const RunState& state) {
  if (state.attempt) {
    return state.attempt;
  }
  return state.done.empty() ? std::nullopt : std::optional(state.done.back());
}

std::string Overrun(const RunState& state) {
  const auto& gap = state.impact.counted;
  return "writes waited " + Seconds(gap.lasted) + " in the step of " + Name(*gap.server) +
         ", and client_impact allows " + Seconds(state.policy.client_impact->max_write_gap);
}

}  // namespace

bool IsOverBudget(const RunState& state) {
  const auto& budget = state.policy.client_impact;
  return budget && state.goal == RunGoal::kForward &&
         state.impact.counted.lasted > budget->max_write_gap;
}

void NoteImpact(Turn& turn) {
  const auto& seen = turn.input.writes;
  auto& state = turn.state();
  auto& impact = state.impact;
  if (!seen) {
    return;
  }
  if (!turn.memory().measures) {
    turn.memory().measures = true;
    ++impact.controllers;
  }
  const bool was_over = IsOverBudget(state);
  impact.writes += seen->committed;
  impact.unmeasured += seen->unmeasured;
  const WriteGap gap{.lasted = seen->longest, .server = StepOf(state)};
  if (gap.lasted > impact.longest.lasted) {
    impact.longest = gap;
  }
  if (gap.server && gap.lasted > impact.counted.lasted) {
    impact.counted = gap;  // before the first step it is not of our doing
  }
  if (!was_over && IsOverBudget(state) && state.outcome == RunOutcome::kNone) {
    const bool halts = state.policy.client_impact->then == model::OverBudget::kHalt;
    turn.Tell(
        "over_budget",
        gap.server.value_or(model::ServerId{}),
        Overrun(state) + ": the run " + (halts ? "halts" : "goes back") + " at the next safe point",
        {{"write_gap_ms", std::to_string(gap.lasted.count())},
         {"max_write_gap_ms", std::to_string(state.policy.client_impact->max_write_gap.count())}});
  }
}

bool StopsOverBudget(Turn& turn) {
  const auto& state = turn.state();
  if (!IsOverBudget(state)) {
    return false;
  }
  if (state.policy.client_impact->then == model::OverBudget::kHalt) {
    Halt(turn, std::string(kOverBudget), Overrun(state));
  } else {
    GoBack(turn, std::string(kOverBudget), Overrun(state));
  }
  return true;
}

Connections ConnectionsIn(const model::Round& round) {
  Connections connections;
  for (const auto& seen : round.members) {
    connections[seen.id] = seen.connections;
  }
  return connections;
}

}  // namespace zoowarden::core::internal
