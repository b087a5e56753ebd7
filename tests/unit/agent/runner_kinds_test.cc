// The two operations that lack a side: a first installation has no `from`, a removal no `to`.
#include "tests/unit/agent/runner_fixture.h"

namespace zoowarden::agent {
namespace {

using model::OperationState;

class RunnerKindsTest : public test::RunnerFixture {
 protected:
  base::Result<OperationState> BeginRemoval() {
    return runner->Begin(
        NextCall(),
        {.kind = kRemoveKind, .from_generation = host.current, .step_timeout = kStepTimeout});
  }
  void EmptyServer() {
    host.KillProcess();
    host.current.clear();
    host.data.clear();
  }
  void StageRemoval() {
    ASSERT_TRUE(BeginRemoval().has_value());
    runner->Step();
    ASSERT_EQ(runner->state(), OperationState::kStaged);
  }
  std::string ReasonOf(const base::Result<OperationState>& reply) {
    return reply ? "accepted" : reply.error().reason();
  }
};

TEST_F(RunnerKindsTest, ARemovalStopsTheMemberAndPointsCurrentNowhere) {
  StageRemoval();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  runner->Step();
  EXPECT_TRUE(runner->Status().proved);
  EXPECT_FALSE(host.process);
  EXPECT_EQ(host.current, "");
  EXPECT_EQ(host.launches, 0);
  EXPECT_EQ(host.stagings, 0);
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "accepted");
  EXPECT_EQ(journal.operation.kind, "remove");
  EXPECT_EQ(
      journal.States(),
      (std::vector<std::string>{
          "staging", "staged", "stopping", "switching", "starting", "verifying", "committed"}));
}

TEST_F(RunnerKindsTest, ARemovalOfAServingMemberNeedsAPermit) {
  StageRemoval();
  ASSERT_TRUE(runner->Proceed(NextCall(), ""));
  ASSERT_TRUE(StepUntil(OperationState::kStaged));
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerKindsTest, ARemovalIsNotCommittedWhileAProcessServes) {
  StageRemoval();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  host.ReplaceProcess("");
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "remove.process_runs");
  host.KillProcess();
  host.processes_visible = false;
  EXPECT_EQ(ReasonOf(runner->Commit(NextCall())), "remove.process_runs");
}

TEST_F(RunnerKindsTest, ARemovalWithoutTheControllersWordIsLeftAndDecidedByIt) {
  StageRemoval();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed));
  EXPECT_EQ(host.launches, 0);
  ASSERT_TRUE(runner->RollBack(NextCall(), ""));
  ASSERT_TRUE(StepUntil(OperationState::kRolledBack));
  EXPECT_EQ(host.current, "old");
  EXPECT_EQ(host.process->generation, "old");
}

TEST_F(RunnerKindsTest, AProcessThatAppearsInARemovalIsNotStopped) {
  StageRemoval();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  const auto signals = host.signals.size();
  host.ReplaceProcess("");  // started by hand, of a foreign installation
  ASSERT_TRUE(runner->RollBack(NextCall(), PermitId()));
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator));
  EXPECT_EQ(journal.operation.failure_reason, "rollback.other_process");
  EXPECT_EQ(host.signals.size(), signals);
}

TEST_F(RunnerKindsTest, NothingIsRemovedWhereNothingIsInstalled) {
  EmptyServer();
  EXPECT_EQ(ReasonOf(BeginRemoval()), "remove.nothing_installed");
}

TEST_F(RunnerKindsTest, AFirstInstallationPreparesTheDataAndStarts) {
  EmptyServer();
  BeginAndStage();
  ASSERT_TRUE(runner->Proceed(NextCall(), ""));
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  EXPECT_EQ(host.data, "prepared");
  EXPECT_TRUE(journal.operation.made_data);
  EXPECT_EQ(host.current, "new");
  ASSERT_TRUE(runner->Commit(NextCall()));
  EXPECT_FALSE(journal.operation.made_data);
}

TEST_F(RunnerKindsTest, AFirstInstallationTakesNobodysDataAndNobodysProcess) {
  EmptyServer();
  host.data = "somebody's";
  EXPECT_EQ(ReasonOf(Begin()), "install.not_first");
  host.data.clear();
  host.ReplaceProcess("");
  operation = "op-2";
  EXPECT_EQ(ReasonOf(Begin()), "install.process_runs");
}

TEST_F(RunnerKindsTest, AFirstInstallationLeavesAProcessThatAppearsAlone) {
  EmptyServer();
  BeginAndStage();
  host.ReplaceProcess("");
  ASSERT_TRUE(runner->Proceed(NextCall(), PermitId()));
  ASSERT_TRUE(StepUntil(OperationState::kStaged));
  EXPECT_EQ(journal.operation.failure_reason, "start.other_process");
  EXPECT_TRUE(host.signals.empty());
  EXPECT_EQ(host.data, "");
}

TEST_F(RunnerKindsTest, AFirstInstallationThatFailedIsRepeatedOverItsOwnData) {
  EmptyServer();
  host.behaviour["new"].dies_at_once = true;
  BeginAndStage();
  ASSERT_TRUE(runner->Proceed(NextCall(), ""));
  ASSERT_TRUE(StepUntil(OperationState::kRolledBack));
  EXPECT_EQ(host.current, "");
  EXPECT_EQ(host.data, "prepared");
  host.behaviour["new"].dies_at_once = false;
  operation = "op-2";
  Restart();
  BeginAndStage();
  ASSERT_TRUE(runner->Proceed(NextCall(), ""));
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
}

TEST_F(RunnerKindsTest, AForeignProcessIsNoEndOfARolledBackFirstInstallation) {
  EmptyServer();
  host.behaviour["new"].joins = false;
  BeginAndStage();
  ASSERT_TRUE(runner->Proceed(NextCall(), ""));
  ASSERT_TRUE(StepUntil(OperationState::kRollingBack));
  host.ReplaceProcess("");
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator));
  EXPECT_EQ(journal.operation.failure_reason, "rollback.other_process");
}

}  // namespace
}  // namespace zoowarden::agent
