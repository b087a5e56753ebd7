// How a parked operation is left: each way at the agent's own table and with its own refusals.
#include "tests/unit/agent/runner_fixture.h"

namespace zoowarden::agent {
namespace {

using model::OperationState;

class RunnerSettleTest : public test::RunnerFixture {
 protected:
  static std::string ReasonOf(const base::Result<OperationState>& reply) {
    return reply ? "accepted" : reply.error().reason();
  }

  // Neither generation stays up.
  void NeedAnOperator() {
    host.behaviour["new"].dies_at_once = true;
    host.behaviour["old"].dies_at_once = true;
    BeginAndStage();
    ProceedWithPermit();
    ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator));
    ASSERT_FALSE(host.process.has_value());
  }

  void ParkUnconfirmed() {
    BeginAndStage();
    ProceedWithPermit();
    ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed));
  }

  // Another controller, as each way out needs.
  void NextEpoch() {
    run = {.run_id = "run-2", .epoch = run.epoch + 1, .holder = "operator/run-2/b"};
    journal.fence.owner = run;
  }
};

TEST_F(RunnerSettleTest, ARetryStartsTheNewGenerationOnceMore) {
  NeedAnOperator();
  ASSERT_EQ(host.current, "old");
  host.behaviour["new"].dies_at_once = false;
  NextEpoch();
  ASSERT_EQ(ReasonOf(runner->Proceed(NextCall(), "")), "accepted");
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  EXPECT_EQ(host.process->generation, "new");
  EXPECT_EQ(host.current, "new");
  EXPECT_EQ(runner->Status().failure, "");
  EXPECT_TRUE(runner->Commit(NextCall()).has_value());
}

TEST_F(RunnerSettleTest, ARetryThatFailsGoesBackAsAnyStartDoes) {
  NeedAnOperator();
  host.behaviour["old"].dies_at_once = false;
  NextEpoch();
  ASSERT_EQ(ReasonOf(runner->Proceed(NextCall(), "")), "accepted");
  EXPECT_TRUE(StepUntil(OperationState::kRolledBack));
  EXPECT_EQ(host.current, "old");
}

TEST_F(RunnerSettleTest, ARetryOfWhatRunsIsRefusedAndTouchesNothing) {
  ParkUnconfirmed();
  NextEpoch();
  const auto states = journal.States();
  const int launches = host.launches;
  EXPECT_EQ(ReasonOf(runner->Proceed(NextCall(), "")), "operation.still_runs");
  EXPECT_EQ(ReasonOf(runner->Proceed(NextCall(), PermitId())), "operation.still_runs");
  StepFor(kStepTimeout);
  EXPECT_EQ(journal.States(), states);
  EXPECT_EQ(host.launches, launches);
  EXPECT_EQ(runner->state(), OperationState::kUnconfirmed);
}

TEST_F(RunnerSettleTest, ARetryWhereProcessesAreHiddenIsRefused) {
  NeedAnOperator();
  host.processes_visible = false;
  NextEpoch();
  EXPECT_EQ(ReasonOf(runner->Proceed(NextCall(), "")), "start.processes_hidden");
  EXPECT_EQ(runner->state(), OperationState::kNeedsOperator);
}

TEST_F(RunnerSettleTest, AParkedServerThatDiedMayBeRetriedOrTakenBack) {
  for (const bool retry : {true, false}) {
    operation = retry ? "op-1" : "op-2";
    ParkUnconfirmed();
    host.KillProcess();
    NextEpoch();
    const auto reply = retry ? runner->Proceed(NextCall(), "") : runner->RollBack(NextCall(), "");
    ASSERT_EQ(ReasonOf(reply), "accepted");
    ASSERT_TRUE(StepUntil(retry ? OperationState::kVerifying : OperationState::kRolledBack));
    EXPECT_EQ(host.process->generation, retry ? "new" : "old");
    if (retry) {
      ASSERT_TRUE(runner->RollBack(NextCall(), PermitId()).has_value());
      ASSERT_TRUE(StepUntil(OperationState::kRolledBack));
    }
  }
}

TEST_F(RunnerSettleTest, TheEpochBeforeLeavesNothing) {
  NeedAnOperator();
  const auto stale = run;
  NextEpoch();
  run = stale;
  EXPECT_EQ(ReasonOf(runner->Proceed(NextCall(), "")), "fence.stale_epoch");
  EXPECT_EQ(ReasonOf(runner->RollBack(NextCall(), "")), "fence.stale_epoch");
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "fence.stale_epoch");
  EXPECT_EQ(ReasonOf(runner->Close(NextCall())), "fence.stale_epoch");
  EXPECT_EQ(runner->state(), OperationState::kNeedsOperator);
}

TEST_F(RunnerSettleTest, WhatIsNotCurrentOrDoesNotRunIsNotCommitted) {
  NeedAnOperator();
  NextEpoch();
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "commit.not_current");
  host.ReplaceProcess("old");  // by hand
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "commit.not_current");
  host.KillProcess();
  host.current = "new";
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "commit.not_running");
  host.ReplaceProcess("old");
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "commit.not_running");
  host.ReplaceProcess("new");
  host.several = true;
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "start.two_processes");
  host.several = false;
  host.current_problem = "cannot be read";
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "commit.not_current");
  host.current_problem.clear();
  EXPECT_EQ(runner->state(), OperationState::kNeedsOperator);
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "accepted");
}

TEST_F(RunnerSettleTest, WatchersMissNoChangeAfterASettlement) {
  NeedAnOperator();
  const auto last = runner->TakeChanges().back().sequence;
  NextEpoch();
  ASSERT_EQ(ReasonOf(runner->Proceed(NextCall(), "")), "accepted");
  EXPECT_EQ(runner->TakeChanges().back().sequence, last + 1);
  Restart();
  EXPECT_EQ(runner->Present().sequence, last + 1);
  EXPECT_EQ(journal.history.back().sequence, last + 1);
}

TEST_F(RunnerSettleTest, ClosingForgetsTheOperationAndTouchesNothing) {
  NeedAnOperator();
  NextEpoch();
  const int launches = host.launches;
  ASSERT_EQ(ReasonOf(runner->Close(NextCall())), "accepted");
  StepFor(kStepTimeout);
  EXPECT_EQ(runner->state(), OperationState::kIdle);
  EXPECT_EQ(host.launches, launches);
}

// It would leave a generation that nobody has judged, or may have, running.
TEST_F(RunnerSettleTest, WhatNobodyHasJudgedIsForgottenOnlyWhileNothingRuns) {
  ParkUnconfirmed();
  NextEpoch();
  EXPECT_EQ(ReasonOf(runner->Close(NextCall())), "operation.still_runs");
  host.KillProcess();
  host.processes_visible = false;
  EXPECT_EQ(ReasonOf(runner->Close(NextCall())), "start.processes_hidden");
  EXPECT_EQ(runner->state(), OperationState::kUnconfirmed);
  host.processes_visible = true;
  const int launches = host.launches;
  EXPECT_EQ(ReasonOf(runner->Close(NextCall())), "accepted");
  StepFor(kStepTimeout);
  EXPECT_EQ(runner->state(), OperationState::kIdle);
  EXPECT_EQ(host.launches, launches);
  EXPECT_EQ(host.current, "new");
}

}  // namespace
}  // namespace zoowarden::agent
