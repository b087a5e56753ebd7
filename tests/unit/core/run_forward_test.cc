// Runs that go as planned, and what they wait for.
#include "tests/unit/core/fake_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

using model::OperationState;
using ::testing::ElementsAre;
using testing::FakeEnsemble;
using ::testing::HasSubstr;
using testing::Id;
using ::testing::IsEmpty;

TEST(RunForwardTest, TheHappyPathIsExactlyThis) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.log,
              ElementsAre("stage 1",
                          "stage 2",
                          "stage 3",
                          "request_permit 2",
                          "proceed 2",
                          "commit 2",
                          "request_permit 3",
                          "proceed 3",
                          "commit 3",
                          "request_permit 1",
                          "proceed 1",
                          "commit 1",
                          "close 1",
                          "close 2",
                          "close 3"));
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(ensemble.Generations(), "new new new");
  EXPECT_EQ(ensemble.state.elections, 1);
}

TEST(RunForwardTest, ObserversGoFirstAndTheLeaderLast) {
  FakeEnsemble ensemble(3, 2, /*observers=*/1);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 4", "proceed 1", "proceed 3", "proceed 2"));
}

TEST(RunForwardTest, EveryStopIsPrecededByGoodRoundsAndOneMoreAfterThePermit) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == RunPhase::kRolling; }));
  ensemble.At(3).frozen = true;
  ensemble.Step();
  ensemble.At(3).frozen = false;
  int rounds = 0;
  for (; rounds < 100 && !ensemble.Logged("request_permit 2"); ++rounds) {
    ensemble.Step();
  }
  EXPECT_EQ(rounds, ensemble.state.policy.good_rounds);
  EXPECT_FALSE(ensemble.Logged("proceed 2"));
  ensemble.Step();
  EXPECT_TRUE(ensemble.Logged("proceed 2"));
}

TEST(RunForwardTest, GoodRoundsOfAGateCountForTheNextStop) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  ASSERT_GE(ensemble.memory.healthy_rounds, ensemble.state.policy.good_rounds);
  ensemble.Step();
  EXPECT_TRUE(ensemble.Logged("request_permit 3"));
}

TEST(RunForwardTest, ABadRoundBetweenAGateAndTheNextStopStartsTheCountAgain) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  ensemble.At(2).frozen = true;
  ensemble.Step();
  ensemble.At(2).frozen = false;
  int rounds = 0;
  for (; rounds < 100 && !ensemble.Logged("request_permit 3"); ++rounds) {
    ensemble.Step();
  }
  EXPECT_EQ(rounds, ensemble.state.policy.good_rounds);
}

// Actual: rounds pass, good or bad, while a decision cannot be stored.
// Expected: the rounds before them count no more.
TEST(RunForwardTest, MissedRoundsEndTheRowOfGoodOnes) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.memory.permit.has_value(); }));
  NoteMissedRounds(ensemble.memory);
  ensemble.Step();
  EXPECT_FALSE(ensemble.Logged("proceed 2"));
  EXPECT_EQ(ensemble.memory.healthy_rounds, 1);
}

// Actual: the controller's machine sleeps between two rounds.
// Expected: what it had counted before proves nothing of the time in between.
TEST(RunForwardTest, GoodRoundsDoNotSpanASleep) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  ensemble.now += kLongestGap + std::chrono::milliseconds(1);
  ensemble.Step();
  EXPECT_EQ(ensemble.memory.healthy_rounds, 1);
  EXPECT_FALSE(ensemble.Logged("request_permit 3"));
}

TEST(RunForwardTest, ASoakDoesNotSpanASleep) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.soak = std::chrono::milliseconds(10'000);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.memory.passed_since.has_value(); }));
  ensemble.now += std::chrono::milliseconds(60'000);
  const auto woke = ensemble.now;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  EXPECT_GE(ensemble.now - woke, ensemble.state.policy.soak);
}

TEST(RunForwardTest, TheIntentIsStoredBeforeThePermitIsAskedFor) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("request_permit 2"); }));
  EXPECT_EQ(ensemble.last.state.attempt, Id(2));
  ASSERT_FALSE(ensemble.last.events.empty());
  EXPECT_EQ(ensemble.last.events.back().kind, "stop_intended");
  EXPECT_THAT(ensemble.last.events.back().text,
              HasSubstr("if server 2 stops, 2 of 3 voters remain, quorum 2, spare 0"));
}

TEST(RunForwardTest, ABadRoundAfterThePermitDropsIt) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.memory.permit.has_value(); }));
  ensemble.At(3).frozen = true;
  ensemble.Step();
  EXPECT_FALSE(ensemble.memory.permit.has_value());
  EXPECT_EQ(ensemble.memory.good_rounds, 0);
  ensemble.At(3).frozen = false;
  ensemble.Step();
  EXPECT_FALSE(ensemble.Logged("proceed 2"));
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(ensemble.Count("request_permit 2"), 2U);
}

// Actual: the leader moves from 1 to 3 while the stop of 3 is being prepared.
// Expected: 1 goes next, with good rounds of its own, and the permit of 3 is not used.
TEST(RunForwardTest, TheLeaderIsLookedUpBeforeEveryStop) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("request_permit 3"); }));
  ensemble.MoveLeader(3);
  ensemble.Step();
  EXPECT_FALSE(ensemble.Logged("request_permit 1"));
  EXPECT_EQ(ensemble.memory.good_rounds, 1);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "proceed 1", "proceed 3"));
}

TEST(RunForwardTest, ALeaderOnAFinishedServerSavesTheElection) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  ensemble.MoveLeader(2);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "proceed 1", "proceed 3"));
}

TEST(RunForwardTest, AServerThatIsAsItShouldBeIsLeftAlone) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.servers[1].target = testing::Old();
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 3", "proceed 1"));
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
}

TEST(RunForwardTest, TheSoakHoldsTheNextStepBack) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.soak = std::chrono::milliseconds(5'000);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  const auto proceeded = ensemble.now;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  EXPECT_GE(ensemble.now - proceeded, ensemble.state.policy.soak);
}

TEST(RunForwardTest, WithoutASoakTheGateStillNeedsACanaryFromAfterItJoined) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.policy.soak = std::chrono::milliseconds(0);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.Step();
  EXPECT_FALSE(ensemble.Logged("commit 2"));
  ensemble.Step();
  EXPECT_TRUE(ensemble.Logged("commit 2"));
}

TEST(RunForwardTest, ChecksRunInEverySoakAndAtTheEnd) {
  FakeEnsemble ensemble(3, 1);
  ensemble.state.has_checks = true;
  ensemble.state.policy.soak = std::chrono::milliseconds(0);
  std::set<std::string> asked_in;
  while (!ensemble.Step()) {
    if (ensemble.last.want_checks) {
      asked_in.insert(ensemble.state.phase == RunPhase::kFinalCheck
                          ? "the end"
                          : "server " + model::ToString(*ensemble.state.attempt));
    }
  }
  EXPECT_THAT(asked_in, ElementsAre("server 1", "server 2", "server 3", "the end"));
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
}

TEST(RunForwardTest, AnExpiredPermitGetsANewOne) {
  FakeEnsemble ensemble(3, 1);
  ensemble.expiring_permits = 2;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(ensemble.Count("proceed 2"), 3U);
}

TEST(RunForwardTest, PermitsThatExpireForEverHaltTheRun) {
  FakeEnsemble ensemble(3, 1);
  ensemble.expiring_permits = 1'000;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "permit.refused");
  EXPECT_EQ(ensemble.Generations(), "old old old");
}

TEST(RunForwardTest, AnAgentThatRefusesEveryCallHaltsTheRun) {
  FakeEnsemble ensemble(3, 1);
  ensemble.refuses = {2};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "agent.refuses");
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("the journal is read-only"));
}

TEST(RunForwardTest, ALeaderThatMovesInEveryRoundEndsTheRun) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == RunPhase::kRolling; }));
  std::uint32_t leader = 1;
  for (int i = 0; i < 3'000 && ensemble.state.phase != RunPhase::kEnded; ++i) {
    leader = leader % 3 + 1;
    ensemble.MoveLeader(leader);
    ensemble.Step();
  }
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
}

TEST(RunForwardTest, ADegradedEnsembleIsRefusedBeforeAnythingIsTouched) {
  FakeEnsemble ensemble(3, 1);
  ensemble.Crash(3);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_EQ(ensemble.state.outcome_reason, "preflight.degraded");
  EXPECT_THAT(ensemble.log, IsEmpty());
  EXPECT_LE(ensemble.now, kPreflightPatience + 5 * ensemble.round_time);
}

TEST(RunForwardTest, AnEnsembleThatMovedSinceThePlanIsRefused) {
  FakeEnsemble ensemble(3, 1);
  ensemble.At(3).generation = "new";
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome_reason, "preflight.moved");
  EXPECT_THAT(ensemble.log, IsEmpty());
}

TEST(RunForwardTest, InterruptedOnlyAtSafePoints) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.stop_requested = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_TRUE(ensemble.last.interrupted);
  EXPECT_EQ(ensemble.At(2).operation.state, OperationState::kCommitted);
  EXPECT_EQ(ensemble.Generations(), "old new old");
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2"));
}

TEST(RunForwardTest, InterruptedAtOnceWhereNothingIsUnderWay) {
  for (const auto phase :
       {RunPhase::kPreflight, RunPhase::kStaging, RunPhase::kRolling, RunPhase::kFinalCheck}) {
    FakeEnsemble ensemble(3, 1);
    ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == phase; }));
    ensemble.stop_requested = true;
    ensemble.Step();
    EXPECT_TRUE(ensemble.last.interrupted) << RunPhaseName(phase);
  }
}

TEST(RunForwardTest, AbortedTheServerUnderWayIsFinishedAndTheRunIsHalted) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.stop_requested = true;
  ensemble.aborted_by = "somebody";
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_FALSE(ensemble.last.interrupted);
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "run.aborted");
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("aborted by somebody (server 1"));
  EXPECT_EQ(ensemble.Generations(), "old new old");
  EXPECT_EQ(ensemble.At(2).operation.state, OperationState::kCommitted);
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2"));
}

TEST(RunForwardTest, AbortedTheServerThatFailsIsUndoneAndNoOtherIsTouched) {
  FakeEnsemble ensemble(3, 1);
  ensemble.starts[2] = testing::Start::kDies;
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.stop_requested = true;
  ensemble.aborted_by = "somebody";
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome_reason, "run.aborted");
  EXPECT_EQ(ensemble.Generations(), "old old old");
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "down roll_back 2"));
}

TEST(RunForwardTest, AbortedBeforeAnythingWasChangedTheRunIsClosed) {
  for (const auto phase : {RunPhase::kPreflight, RunPhase::kStaging, RunPhase::kRolling}) {
    FakeEnsemble ensemble(3, 1);
    ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == phase; }));
    ensemble.stop_requested = true;
    ensemble.aborted_by = "somebody";
    ASSERT_TRUE(ensemble.Drive()) << RunPhaseName(phase);
    EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused) << RunPhaseName(phase);
    EXPECT_EQ(ensemble.state.outcome_text, "aborted by somebody, no server was changed");
    EXPECT_THAT(ensemble.Stops(), IsEmpty());
  }
}

struct Leftover {
  OperationState state;
  bool down;
  std::string settled;  // with what, empty = waited for and refused
};

TEST(RunForwardTest, OperationsOfAnEarlierRunAreSettledFirst) {
  for (const auto& leftover : std::vector<Leftover>{
           {OperationState::kStaging, false, "close 3"},
           {OperationState::kStaged, false, "close 3"},
           {OperationState::kUnconfirmed, false, "commit 3"},
           {OperationState::kVerifying, false, "commit 3"},
           {OperationState::kVerifying, true, "down roll_back 3"},
           {OperationState::kNeedsOperator, true, "down roll_back 3"},
           {OperationState::kRollingBack, false, ""},
       }) {
    FakeEnsemble ensemble(3, 1);
    auto& server = ensemble.At(3);
    server.operation = {.operation_id = "earlier-1", .run_id = "earlier"};
    server.operation.state = leftover.state;
    server.operation.from_generation = leftover.down ? "old" : "before";
    server.operation.to_generation = leftover.down ? "new" : "old";
    server.alive = !leftover.down;
    server.deadline = model::Instant(60'000);
    ASSERT_TRUE(ensemble.Drive());
    const auto name = model::OperationStateName(leftover.state);
    if (leftover.settled.empty()) {
      EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused) << name;
      EXPECT_THAT(ensemble.log, IsEmpty()) << name;
    } else {
      ASSERT_FALSE(ensemble.log.empty()) << name;
      EXPECT_EQ(ensemble.log.front(), leftover.settled) << name;
      EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << name;
    }
  }
}

TEST(RunForwardTest, AProvedProcessOfNeitherGenerationIsNotCommitted) {
  FakeEnsemble ensemble(3, 1);
  auto& server = ensemble.At(3);
  server.operation = {.operation_id = "earlier-1", .run_id = "earlier"};
  server.operation.state = OperationState::kUnconfirmed;
  server.operation.to_generation = "another";
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_THAT(ensemble.log, IsEmpty());
}

TEST(RunForwardTest, TwoVotersAreRolledWithTheOperatorsWord) {
  FakeEnsemble ensemble(2, 1);
  ensemble.state.allow_outage = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  FakeEnsemble without(2, 1);
  ASSERT_TRUE(without.Drive());
  EXPECT_EQ(without.state.outcome, RunOutcome::kRefused);
  EXPECT_THAT(without.Stops(), IsEmpty());
}

}  // namespace
}  // namespace zoowarden::core
