// What follows a failure, the final verification, and closing.
#include "core/run_internal.h"
#include "core/verification.h"

#include <algorithm>

namespace zoowarden::core::internal {
namespace {

using model::OperationState;

bool AnyServerChanged(Turn& turn) {
  const auto& servers = turn.state().servers;
  return std::any_of(servers.begin(), servers.end(), [&](const ServerRun& server) {
    const auto& seen = turn.Seen(server.id);
    return server.origin.digest != server.target.digest &&
           (!seen.current || seen.current->digest != server.origin.digest);
  });
}

// Members that are not proved for another reason than that a server we changed is down, or what no
// going back would mend.
bool AnotherMembersTrouble(Turn& turn, const std::vector<Problem>& problems) {
  const auto& state = turn.state();
  const bool of_all = std::any_of(problems.begin(), problems.end(), [](const Problem& problem) {
    return problem.reason == "membership_versions";
  });
  return of_all ||
         std::any_of(state.servers.begin(), state.servers.end(), [&](const ServerRun& server) {
           const auto standing = turn.out.conclusions.Of(server.id).standing;
           return standing == Standing::kUnknown ||
                  (standing == Standing::kDown && !server.changed);
         });
}

void Finish(Turn& turn) {
  auto& state = turn.state();
  const std::string everybody = DescribeServers(state, turn.input.round);
  turn.Tell("verified",
            {},
            "every member is proved in one membership with one leader and runs the version and the "
            "configuration that it should",
            EvidenceOf(turn.input.round));
  if (state.goal == RunGoal::kForward) {
    turn.End(RunOutcome::kSucceeded, "run.succeeded", "all members are proved: " + everybody);
  } else {
    turn.End(RunOutcome::kRolledBack,
             state.outcome_reason.empty() ? "run.rolled_back" : state.outcome_reason,
             (state.outcome_text.empty() ? "" : state.outcome_text + "; ") +
                 "all members are back: " + everybody);
  }
}

}  // namespace

std::vector<Problem> FindProblemsOf(Turn& turn) {
  const auto& state = turn.state();
  std::map<model::ServerId, model::Generation> wanted;
  for (const auto& server : state.servers) {
    if (server.repair || !IsRepair(state)) {
      wanted[server.id] = WantedOf(state, server);
    }
  }
  return FindProblems({.declared = state.members,
                       .wanted = wanted,
                       .round = turn.input.round,
                       .conclusions = turn.out.conclusions,
                       .asked_by = "the run leads to"});
}

void GoBack(Turn& turn, std::string reason, const std::string& why) {
  auto& state = turn.state();
  state.goal = RunGoal::kBack;
  state.phase = RunPhase::kRolling;
  // The attempt stays: whether it was stopped may be unclear, and who was told before its step is
  // told when it is seen to be back.
  state.outcome_reason = std::move(reason);
  state.outcome_text = why;
  state.permit_refusals = 0;
  turn.memory().passed_since.reset();
  turn.memory().soaks = 0;
  turn.ForgetGoodRounds();
  turn.Progress();
  for (auto& server : state.servers) {
    server.failed = false;
  }
  turn.Tell("rolling_back", {}, "every server goes back to what it ran before: " + why);
}

void AfterFailure(Turn& turn, ServerRun& server) {
  auto& state = turn.state();
  if (IsRepair(state)) {
    RepairFailed(turn, server);
    return;
  }
  OweAfter(state,
           {.when = model::HookPoint::kAfterStep,
            .server = server.id,
            .back = state.goal == RunGoal::kBack,
            .failed = true});
  // Its agent is through with it: a run that is opened again begins with it anew.
  state.attempt.reset();
  if (state.goal == RunGoal::kBack) {
    const auto why = Name(server.id) + " runs what it was to be taken back from: " + server.failure;
    turn.Tell("not_back", server.id, why);
    turn.End(RunOutcome::kStuck,
             "rollback.failed",
             "going back failed, " + why + " (" + DescribeServers(state, turn.input.round) + ")");
    return;
  }
  const std::string why = Name(server.id) + " failed: " + server.failure;
  turn.Tell("server_back", server.id, Name(server.id) + " is back on what it ran before");
  if (state.policy.on_failure == model::OnFailure::kRollbackAll || !AnyServerChanged(turn)) {
    GoBack(turn, "", why);
    return;
  }
  turn.End(RunOutcome::kHalted,
           "gate.failed",
           why + "; by policy the others stay (" + DescribeServers(state, turn.input.round) + ")");
}

void FinalCheck(Turn& turn) {
  auto& state = turn.state();
  if (turn.input.stop_requested) {
    StopHere(turn);
    return;
  }
  if (IsRepair(state)) {
    RepairCheck(turn);
    return;
  }
  if (StopsOverBudget(turn)) {
    return;  // felt since the last server was done
  }
  const auto problems = FindProblemsOf(turn);
  auto missing = TextOf(problems);
  if (missing.empty() && ChecksApply(state) && !turn.input.checks_ran) {
    turn.out.want_checks = true;
    turn.out.waiting = "the ensemble's own checks";
    return;
  }
  if (missing.empty()) {
    missing = Veto(turn);
  }
  if (missing.empty()) {
    Finish(turn);
    return;
  }
  turn.out.want_checks = ChecksApply(state);
  if (!turn.WaitedFor("final", "the final verification: " + missing, state.policy.step_timeout)) {
    return;
  }
  const auto why = "the final verification failed: " + missing;
  if (state.goal == RunGoal::kForward && !AnotherMembersTrouble(turn, problems) &&
      state.policy.on_failure == model::OnFailure::kRollbackAll) {
    GoBack(turn, "", why);
    return;
  }
  turn.End(RunOutcome::kHalted,
           "final_check.failed",
           why + " (" + DescribeServers(state, turn.input.round) + ")");
}

void Closing(Turn& turn) {
  auto& state = turn.state();
  if (!TellAfter(turn)) {
    return;
  }
  if (state.outcome == RunOutcome::kHalted || state.outcome == RunOutcome::kStuck) {
    state.phase = RunPhase::kEnded;  // only its hooks had to be told
    turn.Tell("hooks_told", {}, "the run is " + std::string(RunOutcomeName(state.outcome)));
    return;
  }
  bool open = false;
  for (const auto& seen : turn.input.round.members) {
    const auto& operation = seen.operation;
    const bool finished = operation.state == OperationState::kCommitted ||
                          operation.state == OperationState::kRolledBack ||
                          operation.state == OperationState::kStaged ||
                          operation.state == OperationState::kStaging;
    if (seen.answered && finished && IsOwnOperation(state, operation)) {
      open = true;
      if (turn.memory().closing.insert(seen.id).second) {
        turn.Tell("closing", seen.id, "closing operation " + operation.operation_id);
      }
      turn.Do(
          {.kind = ActionKind::kClose, .server = seen.id, .operation_id = operation.operation_id});
    }
  }
  // An agent that cannot be reached keeps a finished operation, which any later run may replace.
  if (!open || turn.WaitedFor("close", "agents to close their operations", kPreflightPatience)) {
    state.phase = RunPhase::kEnded;
    turn.Tell("closed", {}, "the run is closed: " + std::string(RunOutcomeName(state.outcome)));
  }
}

}  // namespace zoowarden::core::internal
