// Members that are down are started and no other is touched, with a quorum and without one.
#include "tests/unit/core/fake_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace zoowarden::core {
namespace {

using model::OperationState;
using ::testing::ElementsAre;
using testing::FakeEnsemble;
using ::testing::HasSubstr;
using testing::Id;
using ::testing::IsEmpty;
using testing::New;
using testing::Old;
using testing::Start;

// `servers` are down and to be started on what they had.
FakeEnsemble Repairing(const std::vector<std::uint32_t>& servers, std::uint32_t voters = 3) {
  FakeEnsemble ensemble(voters, 1);
  for (auto& server : ensemble.state.servers) {
    server.target = Old();
    server.repair = std::find(servers.begin(), servers.end(), server.id.value) != servers.end();
    server.restart = server.repair;
    if (server.repair) {
      ensemble.Crash(server.id.value);
    }
  }
  return ensemble;
}

// ... and to be put on the new generation.
FakeEnsemble RepairingToNew(std::uint32_t id) {
  auto ensemble = Repairing({id});
  auto& server = ServerOf(ensemble.state, Id(id));
  server.target = New();
  server.restart = false;
  return ensemble;
}

// Another run brought the server to the new generation and never judged it.
void LeaveBehind(FakeEnsemble& ensemble, std::uint32_t id, OperationState operation) {
  auto& server = ensemble.At(id);
  server.generation = "new";
  server.on_disk = {"old", "new"};
  server.operation = {.operation_id = "earlier-2",
                      .run_id = "earlier",
                      .state = operation,
                      .from_generation = "old",
                      .to_generation = "new"};
  auto& run = ServerOf(ensemble.state, Id(id));
  run.origin = run.target = New();
}

TEST(RunRepairTest, AMemberThatIsDownIsStartedAndNobodyElseIsTouched) {
  auto ensemble = Repairing({2});
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
  EXPECT_THAT(ensemble.Stops(), ElementsAre("down proceed 2"));
  EXPECT_TRUE(ensemble.At(2).alive);
  EXPECT_EQ(ensemble.Count("stage"), 0U);
}

TEST(RunRepairTest, TwoOfFiveComeOneAfterTheOther) {
  auto ensemble = Repairing({2, 4}, 5);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("down proceed 2"); }));
  EXPECT_FALSE(ensemble.Logged("down proceed 4"));
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("down proceed 4"); }));
  EXPECT_TRUE(ensemble.Logged("commit 2"));
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
}

TEST(RunRepairTest, AServerThatWasNotNamedStaysDownAndIsTold) {
  auto ensemble = Repairing({2}, 5);
  ensemble.Crash(4);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("not touched: server 4"));
  EXPECT_FALSE(ensemble.At(4).alive);
}

TEST(RunRepairTest, TheDesiredStateIsStagedAndStarted) {
  auto ensemble = RepairingToNew(2);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
  EXPECT_EQ(ensemble.Generations(), "old new old");
  EXPECT_EQ(ensemble.Count("stage"), 1U);
}

TEST(RunRepairTest, WhatIsOnTheServerIsNotUploadedAgain) {
  auto ensemble = RepairingToNew(2);
  ensemble.At(2).on_disk = {"old", "new"};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.Generations(), "old new old");
  EXPECT_EQ(ensemble.Count("stage"), 0U);
}

// One alone cannot be proved, so it waits for the other instead of being taken back.
TEST(RunRepairTest, WithoutAQuorumTheyAreStartedOneByOneUntilThereIsOne) {
  auto ensemble = Repairing({1, 2});
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
  EXPECT_THAT(ensemble.Stops(), ElementsAre("down proceed 1", "down proceed 2"));
  EXPECT_NE(ensemble.leader(), 0U);
}

TEST(RunRepairTest, TheLastOneThatAQuorumNeedsProvesThemAll) {
  auto ensemble = Repairing({1, 2, 3, 4, 5}, 5);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("down proceed 3"); }));
  EXPECT_EQ(ensemble.Count("commit"), 0U);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
  EXPECT_EQ(ensemble.Count("commit"), 5U);
}

// Past its deadline each agent goes back alone, as in any run.
TEST(RunRepairTest, WhereNoQuorumCanFormWhatWasInstalledIsLeftRunning) {
  auto ensemble = Repairing({2}, 5);
  auto& server = ServerOf(ensemble.state, Id(2));
  server.target = New();
  server.restart = false;
  ensemble.At(2).on_disk = {"old", "new"};
  for (const std::uint32_t id : {1, 3, 4}) {
    ensemble.Crash(id);
  }
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "repair.no_quorum");
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("back to what was installed"));
  EXPECT_TRUE(ensemble.At(2).alive);
  EXPECT_EQ(ensemble.At(2).generation, "old");
  EXPECT_EQ(ensemble.At(2).operation.state, OperationState::kNeedsOperator);
  EXPECT_THAT(ensemble.Stops(), ElementsAre("down proceed 2"));
}

TEST(RunRepairTest, AServerThatDoesNotComeUpIsTakenBackAndNobodyFollows) {
  auto ensemble = RepairingToNew(2);
  ensemble.starts[2] = Start::kNeverJoins;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "repair.failed");
  EXPECT_EQ(ensemble.Generations(), "old old old");
  for (const auto& stop : ensemble.Stops()) {
    EXPECT_TRUE(stop.ends_with(" 2")) << stop;
  }
}

TEST(RunRepairTest, WhoseOldGenerationDoesNotStartEitherNeedsAnOperator) {
  auto ensemble = Repairing({2});
  ensemble.old_fails = {2};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kStuck);
  // Mended by hand, the next repair takes what the stuck operation left.
  ensemble.old_fails.clear();
  auto servers = ensemble.state.servers;
  ensemble.state.phase = RunPhase::kPreflight;
  ensemble.state.outcome = RunOutcome::kNone;
  ensemble.state.run_id = "next";
  ensemble.state.attempt.reset();
  ensemble.state.servers = servers;
  for (auto& server : ensemble.state.servers) {
    server.failed = server.changed = false;
    server.failure.clear();
  }
  ensemble.ForgetMemory();
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
}

// To go back would change what runs there, which nobody asked for, and to wait for its quorum would
// wait for those that it keeps waiting.
TEST(RunRepairTest, WhatAnEarlierRunLeftOnAServerThatIsDownIsClosedAndNotTakenBack) {
  for (const auto operation :
       {OperationState::kVerifying, OperationState::kUnconfirmed, OperationState::kNeedsOperator}) {
    auto ensemble = Repairing({1, 2, 3});
    LeaveBehind(ensemble, 2, operation);
    ensemble.At(2).deadline = model::Instant(60'000);
    ASSERT_TRUE(ensemble.Drive());
    EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
    EXPECT_THAT(ensemble.Stops(),
                ElementsAre("down proceed 1", "down proceed 2", "down proceed 3"));
    EXPECT_EQ(ensemble.Generations(), "old new old");
    EXPECT_EQ(ServerOf(ensemble.state, Id(2)).settled, "close earlier-2");
  }
}

TEST(RunRepairTest, OneThatAnEarlierRunLeftRunningHoldsNobodyUpAndJoins) {
  for (const auto operation : {OperationState::kUnconfirmed, OperationState::kNeedsOperator}) {
    auto ensemble = Repairing({1, 2, 3, 4, 5}, 5);
    LeaveBehind(ensemble, 2, operation);
    ensemble.Boot(2);
    ensemble.At(2).started_by = "earlier-2";
    ASSERT_TRUE(ensemble.Drive());
    EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
    EXPECT_THAT(
        ensemble.Stops(),
        ElementsAre("down proceed 1", "down proceed 3", "down proceed 4", "down proceed 5"));
    EXPECT_TRUE(ensemble.Logged("commit 2"));
  }
}

TEST(RunRepairTest, OneThatDoesNotJoinAQuorumIsForAPersonToEnd) {
  auto ensemble = Repairing({2});
  LeaveBehind(ensemble, 2, OperationState::kUnconfirmed);
  ensemble.Boot(2);
  ensemble.At(2).started_by = "earlier-2";
  ensemble.At(2).start = Start::kNeverJoins;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_THAT(ensemble.state.outcome_text,
              HasSubstr("nothing was touched: process 5003 of operation earlier-2"));
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
}

TEST(RunRepairTest, WhatWasSettledBeforeItWasRefusedIsSaid) {
  auto ensemble = Repairing({1, 2});
  LeaveBehind(ensemble, 2, OperationState::kUnconfirmed);
  ensemble.Boot(1);
  ensemble.At(1).frozen = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_THAT(ensemble.state.outcome_text,
              HasSubstr("nothing was touched but what earlier runs had left (server 2: close "
                        "earlier-2): server 1 is not known to be down"));
}

TEST(RunRepairTest, AMemberThatIsNotKnownToBeDownIsLeftAlone) {
  auto ensemble = Repairing({2});
  ensemble.Boot(2);
  ensemble.At(2).frozen = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_EQ(ensemble.state.outcome_reason, "repair.not_down");
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
}

TEST(RunRepairTest, WhatIsSeenDownInEverySecondRoundIsNotStarted) {
  auto ensemble = Repairing({2});
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == RunPhase::kRolling; }));
  for (int round = 0; round < 40; ++round) {
    ensemble.At(2).answers = round % 2 == 0;
    ensemble.Step();
  }
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
  ensemble.At(2).answers = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
}

TEST(RunRepairTest, AMemberWhoseProcessesAreHiddenIsLeftAlone) {
  auto ensemble = Repairing({2});
  ensemble.hides_processes = {2};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
}

TEST(RunRepairTest, AMemberThatCameBackByItselfIsAsGood) {
  auto ensemble = Repairing({2});
  ensemble.Boot(2);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
}

TEST(RunRepairTest, AControllerThatForgotEverythingStartsNobodyTwice) {
  auto ensemble = Repairing({1, 2});
  for (const char* line : {"down proceed 1", "down proceed 2", "commit 1"}) {
    ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged(line); })) << line;
    ensemble.ForgetMemory();
  }
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
  EXPECT_THAT(ensemble.Stops(), ElementsAre("down proceed 1", "down proceed 2"));
}

TEST(RunRepairTest, ThereIsNoWayBack) {
  auto ensemble = RepairingToNew(2);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  Reopen(ensemble.state, RunGoal::kBack);
  ensemble.ForgetMemory();
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
  EXPECT_EQ(ensemble.Generations(), "old new old");
}

// Without a quorum nobody's repair may hang on one that is broken.
TEST(RunRepairTest, OneThatCannotBeStartedKeepsNobodyWaiting) {
  auto ensemble = Repairing({1, 2, 3});
  ensemble.old_fails = {1};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kStuck);
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("not repaired: server 1"));
  EXPECT_TRUE(ensemble.Logged("commit 2"));
  EXPECT_TRUE(ensemble.Logged("commit 3"));
  EXPECT_NE(ensemble.leader(), 0U);
}

TEST(RunRepairTest, OneThatAPersonStartedMeanwhileIsConfirmed) {
  auto ensemble = Repairing({1, 2});
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("down proceed 1"); }));
  ensemble.Crash(1);
  ensemble.Boot(1);
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded) << ensemble.state.outcome_text;
}

TEST(RunRepairTest, AnAbortLeavesTheRestDown) {
  auto ensemble = Repairing({2, 4}, 5);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("down proceed 2"); }));
  ensemble.stop_requested = true;
  ensemble.aborted_by = "an operator";
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  EXPECT_EQ(ensemble.state.outcome_reason, "run.aborted");
  EXPECT_TRUE(ensemble.Logged("commit 2"));
  EXPECT_FALSE(ensemble.Logged("down proceed 4"));
}

}  // namespace
}  // namespace zoowarden::core
