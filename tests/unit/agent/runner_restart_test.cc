// The agent dies after every record that it made durable, and comes back: the end is the same.
#include "tests/unit/agent/runner_fixture.h"

#include <set>

namespace zoowarden::agent {
namespace {

using model::OperationState;
using std::chrono::seconds;

class RunnerRestartTest : public test::RunnerFixture {
 protected:
  // Death in the very moment in which a record has become durable.
  struct Died {};

  void DieAfterSaves(std::set<int> saves) {
    journal.on_save = [this, saves = std::move(saves)] {
      if (saves.contains(journal.saves)) {
        throw Died();
      }
    };
  }

  // A controller reduced to its answers: it stages, permits and commits whatever happens between.
  bool DriveTo(OperationState end) {
    const auto limit = clock.BootTime() + std::chrono::minutes(10);
    while (runner->state() != end && clock.BootTime() < limit) {
      try {
        Answer();
        runner->Step();
      } catch (const Died&) {
        ++restarts_;
        Restart();
      }
      clock.Advance(std::chrono::milliseconds(20));
    }
    return runner->state() == end;
  }

  void Answer() {
    const std::string permit = host.process ? PermitId() : std::string();
    if (runner->state() == OperationState::kIdle) {
      operation = "op-" + std::to_string(++operations_);
      EXPECT_TRUE(Begin().has_value());
    } else if (runner->state() == OperationState::kStaged) {
      EXPECT_TRUE(runner->Proceed(NextCall(), permit).has_value());
    } else if (runner->state() == OperationState::kVerifying && runner->Status().proved) {
      EXPECT_TRUE(runner->Commit(NextCall()).has_value());
    } else if (runner->state() == OperationState::kUnconfirmed) {
      EXPECT_TRUE(runner->RollBack(NextCall(), permit).has_value());
    }
  }

  void CheckNothingForbidden() const {
    EXPECT_EQ(host.launches_over_a_process, 0);
    EXPECT_EQ(host.switches_while_running, 0);
  }

  int restarts_ = 0;

 private:
  int operations_ = 0;
};

class RestartAfterSave : public RunnerRestartTest, public ::testing::WithParamInterface<int> {};

TEST_P(RestartAfterSave, TheUpgradeEndsOnTheNewGeneration) {
  DieAfterSaves({GetParam()});
  ASSERT_TRUE(DriveTo(OperationState::kCommitted));
  EXPECT_EQ(host.current, "new");
  EXPECT_EQ(host.process->generation, "new");
  CheckNothingForbidden();
}

TEST_P(RestartAfterSave, AFailingUpgradeEndsOnTheOldGeneration) {
  DieAfterSaves({GetParam()});
  host.behaviour["new"].joins = false;
  ASSERT_TRUE(DriveTo(OperationState::kRolledBack));
  EXPECT_EQ(host.current, "old");
  EXPECT_EQ(host.process->generation, "old");
  EXPECT_EQ(restarts_, 1);
  CheckNothingForbidden();
}

TEST_P(RestartAfterSave, TwoRestartsInARowEndTheSame) {
  DieAfterSaves({GetParam(), GetParam() + 1});
  ASSERT_TRUE(DriveTo(OperationState::kCommitted));
  EXPECT_EQ(host.process->generation, "new");
  CheckNothingForbidden();
}

// Every record of the roll back, which are the upgrade's and more.
INSTANTIATE_TEST_SUITE_P(EverySave, RestartAfterSave, ::testing::Range(1, 13));

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

TEST_F(RunnerRestartTest, AnOldStandaloneThatWasStoppedAroundADeathIsStillNamedOne) {
  host.behaviour["new"].dies_at_once = true;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kRollingBack));
  host.behaviour["old"].standalone = true;
  ASSERT_TRUE(StepUntil(OperationState::kVerifyingOld));
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
