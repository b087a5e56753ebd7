// The moment of a stop: what is true when the signal leaves, and what its answer is worth.
#include "tests/unit/agent/runner_fixture.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

using model::OperationState;
using std::chrono::seconds;
using ::testing::Each;

class RunnerStopTest : public test::RunnerFixture {
 protected:
  // The new generation has not joined by its deadline, so that it may be stopped without a permit.
  void GoBackFromOneThatIsDown() {
    host.behaviour["new"].joins = false;
    BeginAndStage();
    ProceedWithPermit();
    ASSERT_TRUE(StepUntil(OperationState::kRollingBack));
    host.signals.clear();
  }

  void AnswerNoStop() {
    host.stop_error =
        base::Error(base::ErrorCode::kDeadlineExceeded, "stop.unanswered", "timed out");
  }
};

TEST_F(RunnerStopTest, AMemberThatJoinsWhileTheIntentIsRecordedIsLeftServing) {
  GoBackFromOneThatIsDown();
  journal.on_save = [this] {
    clock.Advance(seconds(5));  // a slow disk
    host.behaviour["new"].joins = true;
  };
  runner->Step();
  journal.on_save = nullptr;
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed, seconds(1)));
  EXPECT_TRUE(host.signals.empty());
  EXPECT_EQ(journal.operation.intended.pid, 0);
}

TEST_F(RunnerStopTest, AMemberThatJoinsWhileASupervisorIsReachedIsLeftServing) {
  GoBackFromOneThatIsDown();
  host.stop_takes = seconds(25);
  host.look_takes = std::chrono::milliseconds(1);
  host.behaviour["new"].joins_after = kStepTimeout + seconds(10);
  host.behaviour["new"].joins = true;
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed, seconds(40)));
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerStopTest, APermitThatExpiresWhileASupervisorIsReachedIsNotUsed) {
  BeginAndStage();
  ProceedWithPermit();
  host.stop_takes = model::kPermitLife;
  ASSERT_TRUE(StepUntil(OperationState::kStaged, seconds(10)));
  EXPECT_EQ(runner->Status().failure_reason, "permit.expired");
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerStopTest, AStopWithoutAnAnswerIsWaitedFor) {
  for (const bool serves_to_its_end : {false, true}) {
    operation = serves_to_its_end ? "op-2" : "op-1";
    host.serves_to_its_end = serves_to_its_end;
    host.exit_takes = seconds(3);
    AnswerNoStop();
    BeginAndStage();
    ProceedWithPermit();
    ASSERT_TRUE(StepUntil(OperationState::kVerifying, seconds(5)));
    EXPECT_EQ(host.process->generation, "new");
    ASSERT_TRUE(runner->Commit(NextCall()).has_value());
    host.Serve("old");
  }
}

TEST_F(RunnerStopTest, AStopWithoutAnAnswerThatHadNoEffectLeavesTheMemberServing) {
  host.ignores_sigterm = true;
  AnswerNoStop();
  BeginAndStage();
  ProceedWithPermit();
  StepFor(runner->stored().stop_timeout - seconds(1));
  EXPECT_EQ(runner->state(), OperationState::kStopping);
  ASSERT_TRUE(StepUntil(OperationState::kStaged, seconds(2)));
  StepFor(kStepTimeout);
  EXPECT_EQ(host.signals, std::vector{StopSignal::kTerminate});
  EXPECT_EQ(host.process->generation, "old");
}

TEST_F(RunnerStopTest, OneThatIsDownAndCannotBeStoppedIsTriedForABoundedTime) {
  GoBackFromOneThatIsDown();
  host.ignores_sigterm = true;
  AnswerNoStop();
  StepFor(runner->stored().stop_timeout - seconds(1));
  EXPECT_EQ(runner->state(), OperationState::kRollingBack);
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, seconds(2)));
  EXPECT_EQ(runner->Status().failure_reason, "stop.signal_failed");
  EXPECT_THAT(host.signals, Each(StopSignal::kTerminate));
}

TEST_F(RunnerStopTest, AnOldProcessThatEndsAfterItsStartIsStartedAgain) {
  host.behaviour["new"].dies_at_once = true;
  host.behaviour["old"].joins = false;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifyingOld));
  host.KillProcess();
  host.behaviour["old"].joins = true;
  EXPECT_TRUE(StepUntil(OperationState::kRolledBack, seconds(5)));
  EXPECT_EQ(host.process->generation, "old");
}

TEST_F(RunnerStopTest, AnOldGenerationThatEndsAgainAndAgainIsLeftToTheOperator) {
  host.behaviour["new"].dies_at_once = true;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifyingOld));
  host.behaviour["old"].dies_at_once = true;
  host.KillProcess();
  const int launches = host.launches;
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, kStepTimeout + seconds(1)));
  EXPECT_EQ(runner->Status().failure_reason, "rollback.deadline");
  EXPECT_LE(host.launches - launches, kStepTimeout / core::kLaunchPatience + 1);
}

TEST_F(RunnerStopTest, AnOldGenerationThatMayNotBeStartedAgainIsLeftToTheOperatorAtOnce) {
  host.behaviour["new"].dies_at_once = true;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifyingOld));
  host.launch_error = base::Error(base::ErrorCode::kFailedPrecondition, "start.data_missing", "no");
  host.KillProcess();
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, seconds(1)));
  EXPECT_EQ(runner->Status().failure_reason, "start.data_missing");
}

}  // namespace
}  // namespace zoowarden::agent
