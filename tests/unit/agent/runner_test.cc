#include "tests/unit/agent/runner_fixture.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

using model::OperationState;
using std::chrono::seconds;
using ::testing::ElementsAre;

class RunnerTest : public test::RunnerFixture {};

TEST_F(RunnerTest, AnUpgradeStopsSwitchesStartsAndWaitsForTheCommit) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  StepFor(seconds(2));
  EXPECT_EQ(runner->state(), OperationState::kVerifying);
  EXPECT_TRUE(runner->Status().proved);
  ASSERT_TRUE(runner->Commit(NextCall()).has_value());
  EXPECT_FALSE(runner->Step());

  EXPECT_EQ(host.current, "new");
  EXPECT_EQ(host.process->generation, "new");
  EXPECT_EQ(runner->StartedBy(*host.process), "op-1");
  EXPECT_EQ(host.signals.size(), 1U);
  EXPECT_EQ(host.switches_while_running, 0);
  EXPECT_EQ(host.launches_over_a_process, 0);
  EXPECT_THAT(
      journal.States(),
      ElementsAre(
          "staging", "staged", "stopping", "switching", "starting", "verifying", "committed"));
}

TEST_F(RunnerTest, AGenerationThatNeverJoinsIsRolledBackAloneAtItsDeadline) {
  host.behaviour["new"].joins = false;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kRolledBack));
  EXPECT_EQ(host.current, "old");
  EXPECT_EQ(host.process->generation, "old");
  EXPECT_EQ(runner->Status().failure_reason, "verify.deadline");
}

TEST_F(RunnerTest, AGenerationThatDiesAtOnceIsRolledBack) {
  host.behaviour["new"].dies_at_once = true;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kRolledBack));
  EXPECT_EQ(host.process->generation, "old");
}

TEST_F(RunnerTest, AMemberThatServesIsParkedUnconfirmedWhenNobodyCommits) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed));
  StepFor(seconds(60));
  EXPECT_EQ(runner->state(), OperationState::kUnconfirmed);
  EXPECT_EQ(host.process->generation, "new");
  EXPECT_EQ(host.signals.size(), 1U);
  EXPECT_TRUE(runner->Commit(NextCall()).has_value());
}

TEST_F(RunnerTest, AProvedMemberThatFallsSilentIsNeverStoppedAlone) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  StepFor(seconds(2));
  host.silent = true;
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed));
  EXPECT_EQ(host.signals.size(), 1U);
}

TEST_F(RunnerTest, WhatASupervisorRestartedIsNotStartedByTheOperationAndProvesNothing) {
  host.restart = core::Restart::kBySupervisor;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed));
  EXPECT_EQ(runner->StartedBy(*host.process), "");
  EXPECT_FALSE(runner->Status().proved);
  EXPECT_EQ(runner->Status().failure_reason, "start.restarted");
  EXPECT_EQ(host.signals, std::vector{agent::StopSignal::kTerminate});
}

TEST_F(RunnerTest, OneThatASupervisorBroughtBackLaterIsNotTheOneThatWasProved) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  StepFor(std::chrono::seconds(2));
  ASSERT_TRUE(runner->Status().proved);
  host.ReplaceProcess("new");
  host.restart = core::Restart::kBySupervisor;
  host.behaviour["new"].joins = false;
  EXPECT_EQ(runner->StartedBy(*host.process), "");
  ASSERT_TRUE(StepUntil(OperationState::kRolledBack));
  EXPECT_EQ(runner->Status().failure_reason, "start.restarted");
  EXPECT_EQ(host.process->generation, "old");
}

TEST_F(RunnerTest, OneThatASupervisorBroughtBackAndThatServedIsNeverStoppedAlone) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  host.ReplaceProcess("new");
  host.restart = core::Restart::kBySupervisor;
  StepFor(seconds(30));
  EXPECT_FALSE(runner->Status().proved);  // no success of the operation
  Restart();
  host.silent = true;  // for a moment, at the deadline
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed));
  EXPECT_EQ(runner->Status().failure_reason, "start.restarted");
  EXPECT_EQ(host.signals.size(), 1U);
}

TEST_F(RunnerTest, AStandaloneServerIsStoppedAtOnce) {
  host.behaviour["new"].standalone = true;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kRolledBack, seconds(10)));
  EXPECT_EQ(host.process->generation, "old");
  EXPECT_EQ(runner->Status().failure_reason, "start.standalone");
}

TEST_F(RunnerTest, AnOldGenerationThatServesAloneIsStoppedAtOnceAndNeverStartedAgain) {
  ComeBackStandalone();
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, seconds(2)));
  EXPECT_EQ(runner->Status().failure_reason, "rollback.standalone");
  const int launches = host.launches;
  Restart();
  StepFor(kStepTimeout);
  EXPECT_FALSE(host.process.has_value());
  EXPECT_EQ(host.launches, launches);
}

TEST_F(RunnerTest, AMemberThatIgnoresSigtermIsKilledAfterItsStopTimeout) {
  host.ignores_sigterm = true;
  BeginAndStage();
  ProceedWithPermit();
  StepFor(kStepTimeout / 2 - seconds(1));
  EXPECT_THAT(host.signals, ElementsAre(StopSignal::kTerminate));
  ASSERT_TRUE(StepUntil(OperationState::kVerifying, seconds(5)));
  EXPECT_EQ(host.signals.back(), StopSignal::kKill);
}

TEST_F(RunnerTest, WhenTheOldGenerationFailsTooAnOperatorIsNeeded) {
  host.behaviour["new"].dies_at_once = true;
  host.behaviour["old"].joins = false;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator));
  EXPECT_FALSE(runner->Step());
  EXPECT_TRUE(host.process.has_value());  // the last started process is left running

  host.behaviour["old"].joins = true;  // repaired: a run may go on from here
  ASSERT_TRUE(runner->RollBack(NextCall(), "").has_value());
  EXPECT_TRUE(StepUntil(OperationState::kRolledBack, seconds(10)));
}

TEST_F(RunnerTest, AFailedStagingChangesNothing) {
  host.stage_error = base::Error(base::ErrorCode::kInvalidArgument, "release.wrong_digest", "no");
  ASSERT_TRUE(Begin().has_value());
  EXPECT_FALSE(runner->Step());
  EXPECT_EQ(runner->state(), OperationState::kIdle);
  EXPECT_EQ(runner->Status().failure_reason, "release.wrong_digest");
  EXPECT_EQ(host.process->generation, "old");
}

TEST_F(RunnerTest, AnotherDigestThanThePlansIsRefused) {
  ASSERT_TRUE(runner
                  ->Begin(NextCall(),
                          {.stage = {.existing_generation = "new", .expected_digest = "other"},
                           .from_generation = "old"})
                  .has_value());
  runner->Step();
  EXPECT_EQ(runner->Status().failure_reason, "staging.unexpected_digest");
}

TEST_F(RunnerTest, ALaunchThatIsRefusedIsRolledBackWithItsReason) {
  BeginAndStage();
  ProceedWithPermit();
  host.launch_error = base::Error(base::ErrorCode::kFailedPrecondition, "start.data_older", "no");
  ASSERT_TRUE(StepUntil(OperationState::kRestartingOld));
  host.launch_error.reset();
  ASSERT_TRUE(StepUntil(OperationState::kRolledBack));
  EXPECT_EQ(runner->Status().failure_reason, "start.data_older");
}

TEST_F(RunnerTest, AnotherLaunchUnderWayIsWaitedFor) {
  BeginAndStage();
  ProceedWithPermit();
  host.launch_error = base::Error(base::ErrorCode::kUnavailable, "start.locked", "busy");
  ASSERT_TRUE(StepUntil(OperationState::kStarting));
  StepFor(seconds(1));
  host.ReplaceProcess("new");
  EXPECT_TRUE(StepUntil(OperationState::kVerifying, seconds(1)));
}

TEST_F(RunnerTest, ALockThatTheEndedProcessStillHoldsCostsNoRollback) {
  BeginAndStage();
  ProceedWithPermit();
  host.launch_error = base::Error(base::ErrorCode::kUnavailable, "start.locked", "busy");
  ASSERT_TRUE(StepUntil(OperationState::kStarting));
  StepFor(seconds(1));
  host.launch_error.reset();
  EXPECT_TRUE(StepUntil(OperationState::kVerifying, seconds(1)));
}

TEST_F(RunnerTest, ALockThatIsNeverFreedIsAFailureWithItsName) {
  BeginAndStage();
  ProceedWithPermit();
  host.launch_error = base::Error(base::ErrorCode::kUnavailable, "start.locked", "busy");
  ASSERT_TRUE(StepUntil(OperationState::kRestartingOld));
  EXPECT_EQ(runner->Status().failure_reason, "start.locked");
}

TEST_F(RunnerTest, ALaunchThatNeverComesAboutIsAFailureWithItsOwnName) {
  BeginAndStage();
  ProceedWithPermit();
  host.launch_error =
      base::Error(base::ErrorCode::kUnavailable, "systemd.unreachable", "no system bus");
  ASSERT_TRUE(StepUntil(OperationState::kRestartingOld));
  EXPECT_EQ(runner->Status().failure_reason, "systemd.unreachable");
  EXPECT_EQ(runner->Status().failure, "no system bus");
}

TEST_F(RunnerTest, WhereProcessesAreHiddenNothingIsSwitched) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kSwitching));
  host.processes_visible = false;
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, seconds(1)));
  EXPECT_EQ(host.current, "old");
}

TEST_F(RunnerTest, WhereProcessesAreHiddenAStopHasNoEnd) {
  BeginAndStage();
  ProceedWithPermit();
  runner->Step();
  ASSERT_FALSE(host.signals.empty());
  host.process.reset();
  host.processes_visible = false;
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, seconds(1)));
  EXPECT_EQ(runner->Status().failure_reason, "stop.processes_hidden");
  EXPECT_EQ(host.current, "old");
}

TEST_F(RunnerTest, ACurrentThatCannotBeReadIsPointedAnew) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kSwitching));
  host.current_problem = "generation old is damaged";
  EXPECT_TRUE(StepUntil(OperationState::kVerifying, seconds(1)));
  EXPECT_EQ(host.current, "new");
}

TEST_F(RunnerTest, ACurrentThatStaysUnreadableIsNoGenerationAtAll) {
  for (const bool back : {false, true}) {
    operation = back ? "op-2" : "op-1";
    host.Serve("old");
    host.behaviour["new"].dies_at_once = true;
    BeginAndStage();
    ProceedWithPermit();
    ASSERT_TRUE(StepUntil(back ? OperationState::kRollingBack : OperationState::kSwitching));
    host.current_problem = "input/output error";
    host.current_stays_unreadable = true;
    ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, seconds(2)));
    EXPECT_EQ(runner->Status().failure_reason, "switch.current_unreadable");
    host.current_problem.clear();
    host.current_stays_unreadable = false;
    ASSERT_TRUE(runner->Close(NextCall()).has_value());
  }
}

TEST_F(RunnerTest, AFirstInstallationIsRefusedWhereCurrentCannotBeRead) {
  host.KillProcess();
  host.current.clear();
  host.data.clear();
  host.current_problem = "input/output error";
  const auto begun = Begin();
  ASSERT_FALSE(begun.has_value());
  EXPECT_EQ(begun.error().reason(), "operation.current_unreadable");
}

TEST_F(RunnerTest, OneOfTwoProcessesIsNeitherProvedNorStoppedAlone) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  host.several = true;
  StepFor(seconds(5));
  EXPECT_FALSE(runner->Status().proved);
  host.silent = true;
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed));
  EXPECT_EQ(runner->Status().failure_reason, "start.two_processes");
  ASSERT_TRUE(runner->RollBack(NextCall(), PermitId()).has_value());
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator, seconds(1)));
  EXPECT_EQ(runner->Status().failure_reason, "start.two_processes");
  EXPECT_EQ(host.signals.size(), 1U);  // the forward one
}

TEST_F(RunnerTest, NothingIsDoneThatTheJournalDidNotTake) {
  BeginAndStage();
  const std::string permit = PermitId();
  journal.failing_saves = 1;
  EXPECT_FALSE(runner->Proceed(NextCall(), permit).has_value());
  runner->Step();
  EXPECT_EQ(runner->state(), OperationState::kStaged);
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerTest, TransitionsWithoutAnEndGoToTheOperator) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  journal.operation.transitions = core::kMaxTransitions;
  Restart();
  host.KillProcess();
  ASSERT_TRUE(StepUntil(OperationState::kNeedsOperator));
  EXPECT_EQ(runner->Status().failure_reason, "operation.too_many_transitions");
}

TEST_F(RunnerTest, ChangesAreToldOnceAndInOrder) {
  BeginAndStage();
  const auto changes = runner->TakeChanges();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].state, OperationState::kStaging);
  EXPECT_EQ(changes[1].sequence, 2U);
  EXPECT_TRUE(runner->TakeChanges().empty());
}

TEST_F(RunnerTest, AJournalThatRefusesIsToldOnceAndAgainWhenItRefusesAnew) {
  BeginAndStage();
  ProceedWithPermit();
  const auto told = [this](int failing) {
    testing::internal::CaptureStderr();
    journal.failing_saves = failing;
    for (int i = 0; i < failing; ++i) {
      runner->Step();
    }
    const std::string log = testing::internal::GetCapturedStderr();
    int lines = 0;
    for (auto at = log.find("no space"); at != std::string::npos;
         at = log.find("no space", at + 1)) {
      ++lines;
    }
    return lines;
  };
  EXPECT_EQ(told(50), 1);
  runner->Step();  // recorded
  ASSERT_EQ(host.signals.size(), 1U);
  clock.Advance(std::chrono::seconds(1));  // it exits
  EXPECT_EQ(told(50), 1);
}

}  // namespace
}  // namespace zoowarden::agent
