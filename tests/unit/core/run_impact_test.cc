// What clients felt of a run, and what follows when that was too much.
#include "tests/unit/core/fake_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeEnsemble;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RunImpactTest : public ::testing::Test {
 protected:
  void Allow(milliseconds gap, model::OverBudget then) {
    ensemble_.state.policy.client_impact = {.max_write_gap = gap, .then = then};
  }
  // A write waits so long while this server is in flight.
  void WaitInStepOf(std::uint32_t server, milliseconds gap) {
    ASSERT_TRUE(ensemble_.DriveUntil(
        [&] { return ensemble_.Logged("proceed " + std::to_string(server)); }));
    ensemble_.writes = WritesSeen{.committed = 3, .longest = gap};
  }
  [[nodiscard]] const RunImpact& Impact() const { return ensemble_.state.impact; }

  FakeEnsemble ensemble_{3, 1};
};

TEST_F(RunImpactTest, TheLongestGapIsKeptWithTheServerWhoseStepItWas) {
  WaitInStepOf(2, milliseconds(40));
  WaitInStepOf(3, milliseconds(900));
  WaitInStepOf(1, milliseconds(600));
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kSucceeded) << "no budget, no verdict";
  EXPECT_EQ(Impact().longest, (WriteGap{milliseconds(900), model::ServerId{3}}));
  EXPECT_EQ(Impact().writes, 9U);
  EXPECT_EQ(Impact().controllers, 1);
}

TEST_F(RunImpactTest, UpToTheBudgetIsNotTooMuch) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  WaitInStepOf(2, milliseconds(500));
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kSucceeded);
}

TEST_F(RunImpactTest, TooMuchHaltsAtTheNextSafePointAndNeverInTheMiddleOfAStep) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  WaitInStepOf(2, milliseconds(501));
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble_.state.outcome_reason, "impact.over_budget");
  EXPECT_THAT(ensemble_.state.outcome_text,
              HasSubstr("writes waited 0.51 s in the step of server 2, and client_impact allows "
                        "0.50 s"));
  EXPECT_EQ(ensemble_.Generations(), "old new old") << "the step was brought to its end";
  EXPECT_THAT(ensemble_.Stops(), ElementsAre("proceed 2"));
  EXPECT_THAT(ensemble_.events, Contains(HasSubstr("over_budget: writes waited")));
}

TEST_F(RunImpactTest, ResumingAcceptsItOnceAndTheBudgetCountsAnew) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  WaitInStepOf(2, milliseconds(900));
  ASSERT_TRUE(ensemble_.Drive());
  ensemble_.ForgetMemory();
  Reopen(ensemble_.state, RunGoal::kForward);
  WaitInStepOf(3, milliseconds(800));
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kHalted) << "less than before, and still too much";
  EXPECT_THAT(ensemble_.state.outcome_text, HasSubstr("0.80 s in the step of server 3"));
  EXPECT_EQ(Impact().longest, (WriteGap{milliseconds(900), model::ServerId{2}}));
  ensemble_.ForgetMemory();
  Reopen(ensemble_.state, RunGoal::kForward);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(Impact().controllers, 2) << "the last one measured nothing";
}

TEST_F(RunImpactTest, AControllerThatDiedDoesNotAcceptIt) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  WaitInStepOf(2, milliseconds(900));
  ensemble_.Step();
  ensemble_.ForgetMemory();
  Reopen(ensemble_.state, RunGoal::kForward);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome_reason, "impact.over_budget");
}

TEST_F(RunImpactTest, TooMuchTakesEverybodyBackWhereThePolicySaysSo) {
  Allow(milliseconds(500), model::OverBudget::kRollback);
  WaitInStepOf(3, milliseconds(900));
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble_.state.outcome_reason, "impact.over_budget");
  EXPECT_THAT(ensemble_.state.outcome_text, HasSubstr("in the step of server 3"));
  EXPECT_EQ(ensemble_.Generations(), "old old old");
  EXPECT_FALSE(ensemble_.Logged("proceed 1"));
}

// Told to stop; then its machine restarts it on what was current, and its agent gives up.
class UnclearStopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ensemble_.state.policy.client_impact = {.max_write_gap = milliseconds(500),
                                            .then = model::OverBudget::kRollback};
    ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("proceed 3"); }));
    auto& server = ensemble_.At(3);
    server.generation = "old";
    server.start = testing::Start::kNeverJoins;
    server.started_by.clear();
    server.operation.state = model::OperationState::kStaged;
    ensemble_.writes = WritesSeen{.longest = milliseconds(900)};
    ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.state.goal == RunGoal::kBack; }));
  }

  FakeEnsemble ensemble_{5, 1};
};

TEST_F(UnclearStopTest, NobodyElseIsTakenBackWhileItIsNotBack) {
  for (int i = 0; i < 10; ++i) {
    ensemble_.Step();
  }
  ensemble_.ForgetMemory();
  for (int i = 0; i < 10; ++i) {
    ensemble_.Step();
  }
  EXPECT_THAT(ensemble_.Stops(), ElementsAre("proceed 2", "proceed 3"));
  EXPECT_THAT(ensemble_.last.waiting, HasSubstr("server 3 was told to stop and is not back"));
  ensemble_.At(3).start = testing::Start::kGood;
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble_.Generations(), "old old old old old");
  EXPECT_THAT(ensemble_.Stops(), ElementsAre("proceed 2", "proceed 3", "proceed 2"));
}

TEST_F(UnclearStopTest, WhenItIsDownItIsStartedFirst) {
  ensemble_.Crash(3);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble_.Stops(),
              ElementsAre("proceed 2", "proceed 3", "down proceed 3", "proceed 2"));
}

TEST_F(UnclearStopTest, TheRunHaltsWhenItNeverComesBack) {
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kHalted);
  EXPECT_THAT(ensemble_.state.outcome_text,
              HasSubstr("it is not safe to stop another server: server 3 was told to stop and is "
                        "not back"));
  EXPECT_THAT(ensemble_.Stops(), ElementsAre("proceed 2", "proceed 3"));
  ensemble_.At(3).start = testing::Start::kGood;
  ensemble_.ForgetMemory();
  Reopen(ensemble_.state, RunGoal::kBack);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
}

TEST_F(RunImpactTest, OnTheWayBackItIsRecordedAndStopsNothing) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  ensemble_.starts[3] = testing::Start::kDies;
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.state.goal == RunGoal::kBack; }));
  ensemble_.writes = WritesSeen{.longest = milliseconds(5'000)};
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble_.state.outcome_reason, "run.rolled_back");
  EXPECT_EQ(Impact().longest.lasted, milliseconds(5'000));
}

TEST_F(RunImpactTest, TooMuchInTheLastStepIsTooMuch) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  WaitInStepOf(1, milliseconds(900));
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble_.Generations(), "new new new");
  Reopen(ensemble_.state, RunGoal::kForward);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kSucceeded);
}

// What is told of it is done, in every round before the run has ended.
TEST_F(RunImpactTest, TooMuchAfterTheLastStepIsTooMuchToo) {
  for (const auto then : {model::OverBudget::kHalt, model::OverBudget::kRollback}) {
    ensemble_ = FakeEnsemble(3, 1);
    Allow(milliseconds(500), then);
    ASSERT_TRUE(
        ensemble_.DriveUntil([&] { return ensemble_.state.phase == RunPhase::kFinalCheck; }));
    ensemble_.writes = WritesSeen{.longest = milliseconds(900)};
    ASSERT_TRUE(ensemble_.Drive());
    EXPECT_EQ(ensemble_.state.outcome_reason, "impact.over_budget");
    EXPECT_EQ(ensemble_.Generations(),
              then == model::OverBudget::kHalt ? "new new new" : "old old old");
  }
}

TEST_F(RunImpactTest, WhatIsFeltOnceTheRunHasEndedAnnouncesNothing) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.state.phase == RunPhase::kClosing; }));
  ensemble_.writes = WritesSeen{.longest = milliseconds(900)};
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(Impact().longest.lasted, milliseconds(900));
  EXPECT_THAT(ensemble_.events, ::testing::Not(Contains(HasSubstr("over_budget"))));
}

TEST_F(RunImpactTest, ConnectionsAreThoseBeforeTheFirstStepAndAtTheEnd) {
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(Impact().before.size(), 3U);
  EXPECT_EQ(Impact().after.size(), 3U);
  EXPECT_EQ(Impact().before.at({1}), std::nullopt) << "of an agent that tells none";
}

TEST_F(RunImpactTest, BeforeTheFirstStepItIsRecordedAndNotOfOurDoing) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.state.phase == RunPhase::kRolling; }));
  ensemble_.writes = WritesSeen{.longest = milliseconds(900)};
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(Impact().longest, (WriteGap{milliseconds(900), std::nullopt}));
}

TEST_F(RunImpactTest, WhatCannotBeMeasuredIsSaidAndIsNoGap) {
  Allow(milliseconds(500), model::OverBudget::kHalt);
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("proceed 2"); }));
  ensemble_.writes = WritesSeen{.unmeasured = milliseconds(9'000)};
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(Impact().unmeasured, milliseconds(9'000));
}

}  // namespace
}  // namespace zoowarden::core
