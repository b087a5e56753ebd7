// Runs that were cut short: by the death of the controller, an interrupt, or a halt.
#include "tests/unit/core/fake_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

using model::OnFailure;
using model::OperationState;
using ::testing::ElementsAre;
using testing::FakeEnsemble;
using testing::Id;
using ::testing::IsEmpty;
using testing::Start;

void Resume(FakeEnsemble& ensemble) {
  ensemble.ForgetMemory();
  ensemble.stop_requested = false;
  Reopen(ensemble.state, ensemble.state.goal);
}

// Interrupted = uninterrupted: the controller dies after every round, forgets its memory, resumes.
TEST(RunResumeTest, AControllerThatDiesAtAnyRoundReachesTheSameEnd) {
  for (const auto start : {Start::kGood, Start::kDies, Start::kNeverJoins}) {
    FakeEnsemble plain(3, 1);
    plain.starts[3] = start;
    ASSERT_TRUE(plain.Drive());
    for (int crash = 1;; ++crash) {
      FakeEnsemble ensemble(3, 1);
      ensemble.starts[3] = start;
      if (ensemble.Drive(crash)) {
        break;
      }
      Resume(ensemble);
      ASSERT_TRUE(ensemble.Drive()) << "after round " << crash;
      EXPECT_EQ(ensemble.state.outcome, plain.state.outcome) << "after round " << crash;
      EXPECT_EQ(ensemble.Generations(), plain.Generations()) << "after round " << crash;
    }
  }
}

// The agent went back alone while nobody was there: the run must not try the same again.
TEST(RunResumeTest, AServerThatWentBackAloneDecidesTheRun) {
  FakeEnsemble ensemble(3, 1);
  ensemble.starts[2] = Start::kNeverJoins;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.now += std::chrono::milliseconds(60'000);
  Resume(ensemble);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2"));
}

TEST(RunResumeTest, AVerdictSurvivesTheControllersDeath) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.has_checks = true;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.check_passes = false;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ServerOf(ensemble.state, Id(2)).failed; }));
  ensemble.check_passes = true;
  Resume(ensemble);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
}

TEST(RunResumeTest, AnInterruptedRunGoesOn) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.stop_requested = true;
  ASSERT_TRUE(ensemble.Drive());
  Resume(ensemble);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "proceed 3", "proceed 1"));
}

// The interrupt came between the refusal and what would have followed from it.
TEST(RunResumeTest, WhatRefusedToStageBeforeIsAskedAgain) {
  FakeEnsemble ensemble(3, 1);
  ensemble.staging_fails = {3};
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ServerOf(ensemble.state, Id(3)).failed; }));
  ensemble.stop_requested = true;
  ASSERT_TRUE(ensemble.Drive());
  ASSERT_EQ(ensemble.state.phase, RunPhase::kStaging);
  ensemble.staging_fails.clear();
  Resume(ensemble);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
}

class HaltedTest : public ::testing::Test {
 protected:
  // Server 2 is new and healthy, server 3 was frozen until the run halted.
  void SetUp() override {
    ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("proceed 2"); }));
    ensemble_.At(3).frozen = true;
    ASSERT_TRUE(ensemble_.Drive());
    ASSERT_EQ(ensemble_.state.outcome, RunOutcome::kHalted);
    ensemble_.At(3).frozen = false;
    ensemble_.log.clear();
  }
  FakeEnsemble ensemble_{3, 1};
};

TEST_F(HaltedTest, ResumesForwardAndConfirmsTheUnconfirmedServer) {
  ASSERT_EQ(ensemble_.At(2).operation.state, OperationState::kUnconfirmed);
  Resume(ensemble_);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kSucceeded);
  EXPECT_THAT(ensemble_.Stops(), ElementsAre("proceed 3", "proceed 1"));
}

TEST_F(HaltedTest, GoesBackWithAPermit) {
  ensemble_.ForgetMemory();
  Reopen(ensemble_.state, RunGoal::kBack);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble_.Stops(), ElementsAre("roll_back 2"));
  EXPECT_EQ(ensemble_.Generations(), "old old old");
}

TEST_F(HaltedTest, HaltsAgainWhileTheTroubleLasts) {
  ensemble_.At(3).frozen = true;
  Resume(ensemble_);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kHalted);
  EXPECT_THAT(ensemble_.Stops(), IsEmpty());
}

// Its server may be down by our doing: five voters would carry another stop, two down would be
// ours.
TEST(RunResumeTest, AnAgentThatIsStillSilentBlocksEveryOtherStop) {
  for (const auto goal : {RunGoal::kForward, RunGoal::kBack}) {
    FakeEnsemble ensemble(5, 1);
    ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 3"); }));
    ensemble.At(3).answers = false;
    ASSERT_TRUE(ensemble.Drive());
    ASSERT_EQ(ensemble.state.outcome_reason, "agent.silent");
    ensemble.log.clear();
    ensemble.ForgetMemory();
    Reopen(ensemble.state, goal);
    ASSERT_TRUE(ensemble.Drive());
    EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted) << RunGoalName(goal);
    EXPECT_THAT(ensemble.Stops(), IsEmpty()) << RunGoalName(goal);
  }
}

TEST(RunResumeTest, ARunWhoseFirstServerIsSilentIsNeverCalledRefused) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.At(2).answers = false;
  ASSERT_TRUE(ensemble.Drive());
  Resume(ensemble);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
}

TEST(RunResumeTest, AHaltedPolicyRunTriesTheServerAgainWhenAPersonResumes) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.on_failure = OnFailure::kRollbackServer;
  ensemble.starts[3] = Start::kDies;
  ASSERT_TRUE(ensemble.Drive());
  ASSERT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  ensemble.starts.clear();
  Resume(ensemble);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(ensemble.Generations(), "new new new");
}

class StuckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ensemble_.starts[3] = Start::kDies;
    ensemble_.old_fails = {3};
    ASSERT_TRUE(ensemble_.Drive());
    ASSERT_EQ(ensemble_.state.outcome, RunOutcome::kStuck);
    ensemble_.log.clear();
  }
  FakeEnsemble ensemble_{3, 1};
};

TEST_F(StuckTest, OneMoreTryToGoBackWhenResumed) {
  ensemble_.old_fails.clear();
  Resume(ensemble_);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble_.Generations(), "old old old");
  EXPECT_EQ(ensemble_.log.front(), "down roll_back 3");
}

TEST_F(StuckTest, StuckAgainWhenItFailsAgain) {
  Resume(ensemble_);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kStuck);
  EXPECT_EQ(ensemble_.Count("down roll_back 3"), 1U);
}

TEST_F(StuckTest, AServerThatAPersonRepairedIsSettledAndTheRunCloses) {
  ensemble_.Boot(3);
  Resume(ensemble_);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble_.Generations(), "old old old");
  EXPECT_EQ(ensemble_.log.front(), "close 3");
}

TEST_F(StuckTest, GoesBackOnRequest) {
  ensemble_.old_fails.clear();
  ensemble_.ForgetMemory();
  Reopen(ensemble_.state, RunGoal::kBack);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(ensemble_.state.outcome, RunOutcome::kRolledBack);
}

TEST(RunResumeTest, ASucceededRunCanBeRolledBack) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.Drive());
  ensemble.log.clear();
  ensemble.ForgetMemory();
  Reopen(ensemble.state, RunGoal::kBack);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(ensemble.Generations(), "old old old");
}

TEST(RunResumeTest, ARunThatIsRolledBackBeforeItBeganTouchesNothing) {
  FakeEnsemble ensemble(3, 1);
  Reopen(ensemble.state, RunGoal::kBack);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble.log, IsEmpty());
}

TEST(RunStateTest, StoredNamesParseBack) {
  for (const auto phase : {RunPhase::kPreflight,
                           RunPhase::kStaging,
                           RunPhase::kRolling,
                           RunPhase::kFinalCheck,
                           RunPhase::kClosing,
                           RunPhase::kEnded}) {
    EXPECT_EQ(ParseRunPhase(RunPhaseName(phase)), phase);
  }
  for (const auto goal : {RunGoal::kForward, RunGoal::kBack}) {
    EXPECT_EQ(ParseRunGoal(RunGoalName(goal)), goal);
  }
  for (const auto outcome : {RunOutcome::kNone,
                             RunOutcome::kSucceeded,
                             RunOutcome::kRolledBack,
                             RunOutcome::kHalted,
                             RunOutcome::kStuck,
                             RunOutcome::kRefused}) {
    EXPECT_EQ(ParseRunOutcome(RunOutcomeName(outcome)), outcome);
  }
  EXPECT_EQ(ParseRunPhase("later"), std::nullopt);
}

}  // namespace
}  // namespace zoowarden::core
