// Whom a permit lets the runner stop, and when.
#include "tests/unit/agent/runner_fixture.h"

#include <gmock/gmock.h>

namespace zoowarden::agent {
namespace {

using model::OperationState;
using std::chrono::seconds;
using ::testing::ElementsAre;

class RunnerPermitTest : public test::RunnerFixture {};

TEST_F(RunnerPermitTest, WithoutAPermitAServingMemberIsLeftServing) {
  BeginAndStage();
  ASSERT_TRUE(runner->Proceed(NextCall(), "").has_value());
  runner->Step();
  EXPECT_EQ(runner->state(), OperationState::kStaged);
  EXPECT_EQ(runner->Status().failure_reason, "permit.expired");
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerPermitTest, ADownMemberIsRestartedWithoutAPermit) {
  BeginAndStage();
  host.KillProcess();
  ASSERT_TRUE(runner->Proceed(NextCall(), "").has_value());
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  EXPECT_EQ(host.process->generation, "new");
}

TEST_F(RunnerPermitTest, APermitThatExpiresBeforeTheSignalIsNotUsed) {
  BeginAndStage();
  const std::string permit = PermitId();
  clock.Advance(std::chrono::milliseconds(2'900));
  ASSERT_TRUE(runner->Proceed(NextCall(), permit).has_value());
  clock.Advance(std::chrono::milliseconds(101));  // the machine was suspended here
  runner->Step();
  EXPECT_EQ(runner->state(), OperationState::kStaged);
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerPermitTest, APermitThatExpiresDuringTheLookStopsNoMemberThatWasNotAsked) {
  host.behaviour["new"].joins = false;
  host.connected = true;
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kUnconfirmed));
  ASSERT_TRUE(runner->RollBack(NextCall(), PermitId()).has_value());
  host.look_takes = model::kPermitLife;
  host.looks.clear();
  runner->Step();
  EXPECT_EQ(runner->state(), OperationState::kUnconfirmed);
  EXPECT_EQ(host.signals.size(), 1U);  // the forward one
  EXPECT_THAT(host.looks, ElementsAre(LookAt::kProcess, LookAt::kMember));
}

TEST_F(RunnerPermitTest, APermitThatExpiresWhileTheIntentIsRecordedIsNotUsed) {
  BeginAndStage();
  ProceedWithPermit();
  journal.on_save = [this] { clock.Advance(model::kPermitLife); };
  runner->Step();  // records what it is about to do, and looks at the clock again
  journal.on_save = nullptr;
  runner->Step();
  EXPECT_EQ(runner->state(), OperationState::kStaged);
  EXPECT_EQ(runner->Status().failure_reason, "permit.expired");
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerPermitTest, NothingIsSignalledThatTheJournalDidNotTake) {
  BeginAndStage();
  ProceedWithPermit();
  journal.failing_saves = 1;
  runner->Step();
  EXPECT_TRUE(host.signals.empty());
  runner->Step();
  EXPECT_EQ(host.signals.size(), 1U);
}

TEST_F(RunnerPermitTest, AProcessThatTookTheSignalledOnesPlaceIsLookedAt) {
  BeginAndStage();
  ProceedWithPermit();
  runner->Step();
  ASSERT_EQ(host.signals.size(), 1U);
  host.ReplaceProcess("old");  // somebody restarted it by hand
  ASSERT_TRUE(StepUntil(OperationState::kStaged, seconds(5)));
  EXPECT_EQ(host.signals.size(), 1U);
}

TEST_F(RunnerPermitTest, APermitIsForTheProcessThatWasSeenWhenItWasIssued) {
  BeginAndStage();
  const std::string permit = PermitId();
  host.ReplaceProcess("old");  // nobody has judged this one
  const auto refused = runner->Proceed(NextCall(), permit);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason(), "permit.other_process");

  ProceedWithPermit();
  host.ReplaceProcess("old");
  clock.Advance(std::chrono::seconds(1));
  runner->Step();
  EXPECT_EQ(runner->state(), OperationState::kStaged);
  EXPECT_TRUE(host.signals.empty());
}

TEST_F(RunnerPermitTest, APermitForAProcessThatHasEndedSinceStillMoves) {
  BeginAndStage();
  const std::string permit = PermitId();
  host.KillProcess();
  ASSERT_TRUE(runner->Proceed(NextCall(), permit).has_value());
  EXPECT_TRUE(StepUntil(OperationState::kVerifying));
}

TEST_F(RunnerPermitTest, APermitThatWasIssuedForNoProcessStopsNone) {
  BeginAndStage();
  host.KillProcess();
  const std::string permit = PermitId();
  host.ReplaceProcess("old");
  const auto refused = runner->Proceed(NextCall(), permit);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason(), "permit.other_process");
}

TEST_F(RunnerPermitTest, APermitIsForOneSignalOnly) {
  BeginAndStage();
  const std::string permit = PermitId();
  ASSERT_TRUE(runner->Proceed(NextCall(), permit).has_value());
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  StepFor(seconds(1));
  const auto again = runner->RollBack(NextCall(), permit);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().reason(), "permit.unknown");
  EXPECT_EQ(runner->state(), OperationState::kVerifying);
}

TEST_F(RunnerPermitTest, ARollBackOfAServingMemberTakesAPermit) {
  BeginAndStage();
  ProceedWithPermit();
  ASSERT_TRUE(StepUntil(OperationState::kVerifying));
  StepFor(seconds(2));
  ASSERT_TRUE(runner->RollBack(NextCall(), "").has_value());
  runner->Step();
  EXPECT_EQ(runner->state(), OperationState::kUnconfirmed);
  EXPECT_EQ(host.process->generation, "new");

  ASSERT_TRUE(runner->RollBack(NextCall(), PermitId()).has_value());
  ASSERT_TRUE(StepUntil(OperationState::kRolledBack, seconds(10)));
  EXPECT_EQ(host.process->generation, "old");
}

}  // namespace
}  // namespace zoowarden::agent
