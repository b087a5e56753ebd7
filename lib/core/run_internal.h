// Shared by the run's phases; not for other components.
#pragma once

#include "core/run_decision.h"

namespace zoowarden::core::internal {

// The decision being made, with its inputs at hand.
struct Turn {
  const DecisionInput& input;
  Decision out;

  [[nodiscard]] RunState& state() { return out.state; }
  [[nodiscard]] RunMemory& memory() { return out.memory; }
  [[nodiscard]] const model::MemberObservation& Seen(model::ServerId id) const;

  void Tell(std::string kind, model::ServerId server, std::string text);
  void Do(Action action) { out.actions.push_back(std::move(action)); }
  // Notes what is waited for; true when it has been waited for longer than `patience`.
  bool WaitedFor(std::string what, std::chrono::milliseconds patience);
  void StopWaiting();
  void End(RunOutcome outcome, std::string reason, std::string text);
};

// True when the observed operation belongs to this run.
[[nodiscard]] bool IsOwnOperation(const RunState& state, const model::OperationStatus& status);
[[nodiscard]] std::string NewOperationId(RunState& state);
// The ensemble's own checks judge what is new. Going back is never vetoed: it is the repair.
[[nodiscard]] bool ChecksApply(const RunState& state);

// "server 1 runs 3.9.4 (generation ab12), server 2 ..." for halted and stuck runs.
[[nodiscard]] std::string DescribeServers(const RunState& state, const model::Round& round);

void Preflight(Turn& turn);
void Staging(Turn& turn);
void Rolling(Turn& turn);
void InFlight(Turn& turn, ServerRun& server);
void FinalCheck(Turn& turn);
void Closing(Turn& turn);

// The server is back on what it ran before: the run's policy says what follows.
void AfterFailure(Turn& turn, ServerRun& server);

}  // namespace zoowarden::core::internal
