// What an agent that has died and comes back makes of its records.
#include "tests/unit/agent/runner_fixture.h"

namespace zoowarden::agent {
namespace {

using model::OperationState;
using std::chrono::seconds;

class RunnerRestartTest : public test::RunnerFixture {};

TEST_F(RunnerRestartTest, APermitDiesWithTheProcessThatIssuedIt) {
  BeginAndStage();
  ProceedWithPermit();
  Restart();  // after the commit of `stopping`, before the signal
  runner->Step();
  EXPECT_EQ(runner->state(), OperationState::kStaged);
  EXPECT_EQ(host.process->generation, "old");
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerRestartTest, AStopThatWasSignalledIsCarriedOn) {
  BeginAndStage();
  ProceedWithPermit();
  runner->Step();
  ASSERT_EQ(host.signals.size(), 1U);
  Restart();
  EXPECT_TRUE(StepUntil(OperationState::kVerifying, seconds(5)));
  EXPECT_EQ(host.process->generation, "new");
}

TEST_F(RunnerRestartTest, AStopWhoseRecordWasLostWaitsForTheDyingMember) {
  host.serves_to_its_end = true;
  BeginAndStage();
  host.exit_takes = runner->stored().stop_timeout - seconds(2);
  ProceedWithPermit();
  runner->Step();
  ASSERT_EQ(host.signals.size(), 1U);
  journal.operation.signalled = {};  // the agent died after the signal, before its record
  Restart();
  StepFor(runner->stored().stop_timeout - seconds(4));
  EXPECT_EQ(runner->state(), OperationState::kStopping);
  EXPECT_TRUE(StepUntil(OperationState::kVerifying, seconds(5)));
  EXPECT_EQ(host.process->generation, "new");
}

TEST_F(RunnerRestartTest, AStopThatWasOnlyMeantLeavesTheMemberServingAndNeverKillsIt) {
  BeginAndStage();
  ProceedWithPermit();
  host.ignores_sigterm = true;
  runner->Step();
  journal.operation.signalled = {};  // nobody can tell that it was sent
  Restart();
  StepFor(runner->stored().stop_timeout - seconds(1));
  EXPECT_EQ(runner->state(), OperationState::kStopping);
  EXPECT_TRUE(StepUntil(OperationState::kStaged, seconds(2)));
  EXPECT_EQ(runner->Status().failure_reason, "permit.expired");
  StepFor(kStepTimeout);
  EXPECT_EQ(host.signals.size(), 1U);
  EXPECT_EQ(host.process->generation, "old");
}

// As when the agent's package is upgraded while the bus is away.
TEST_F(RunnerRestartTest, AProvedMemberIsNotTakenBackBecauseItsSupervisorCannotBeAsked) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  StepFor(seconds(2));
  ASSERT_TRUE(runner->Status().proved);
  Restart();
  host.restart = core::Restart::kUnknown;
  StepFor(kStepTimeout - seconds(4));
  host.silent = true;  // it elects for a moment, at the deadline
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed, seconds(5)));
  EXPECT_EQ(host.signals.size(), 1U);
}

TEST_F(RunnerRestartTest, AnOldStandaloneThatWasStoppedAroundADeathIsStillNamedOne) {
  ComeBackStandalone();
  host.exit_takes = seconds(5);
  StepFor(seconds(1));
  ASSERT_EQ(host.signals.size(), 2U);
  journal.operation.signalled = {};
  host.KillProcess();
  Restart();
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, seconds(1)));
  EXPECT_EQ(runner->Status().failure_reason, "rollback.standalone");
}

TEST_F(RunnerRestartTest, StagingDoesNotSurvive) {
  ASSERT_TRUE(Begin().has_value());
  Restart();
  EXPECT_FALSE(runner->Step());
  EXPECT_EQ(runner->Status().failure_reason, "staging.interrupted");
  EXPECT_EQ(host.stagings, 0);
}

TEST_F(RunnerRestartTest, AnotherBootStartsTheWaitAgain) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  host.boot_id = "boot-2";
  host.KillProcess();
  Restart();
  EXPECT_EQ(runner->Status().deadline_left, kStepTimeout);
}

// An instant of an unknown boot may lie hours ahead of this one's clock.
TEST_F(RunnerRestartTest, ABootThatCannotBeReadIsAnotherOneEveryTime) {
  host.boot_id.clear();
  Restart();
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  StepFor(seconds(10));
  Restart();
  EXPECT_EQ(runner->Status().deadline_left, kStepTimeout);
}

TEST_F(RunnerRestartTest, TheSameBootKeepsTheDeadline) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  StepFor(seconds(10));
  Restart();
  EXPECT_LE(runner->Status().deadline_left, kStepTimeout - seconds(10));
}

TEST_F(RunnerRestartTest, AnUnknownStateWithAProcessAliveIsLeftToTheOperator) {
  BeginAndStage();
  journal.operation.state = "defragmenting";
  Restart();
  EXPECT_EQ(runner->state(), OperationState::kNeedsOperator);
  EXPECT_EQ(runner->Status().failure_reason, "operation.unknown_state");
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerRestartTest, AnUnknownStateWithoutAProcessRestoresTheOldGeneration) {
  BeginAndStage();
  journal.operation.state = "defragmenting";
  host.KillProcess();
  host.current = "new";
  Restart();
  EXPECT_TRUE(StepUntil(OperationState::kRolledBack));
  EXPECT_EQ(host.process->generation, "old");
}

TEST_F(RunnerRestartTest, AnUnknownStateWithHiddenProcessesIsLeftToTheOperator) {
  BeginAndStage();
  journal.operation.state = "defragmenting";
  host.KillProcess();
  host.processes_visible = false;
  Restart();
  EXPECT_EQ(runner->state(), OperationState::kNeedsOperator);
}

}  // namespace
}  // namespace zoowarden::agent
