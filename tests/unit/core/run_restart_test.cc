// Servers that are started again on what they run.
#include "tests/unit/core/fake_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace zoowarden::core {
namespace {

using ::testing::ElementsAre;
using testing::FakeEnsemble;
using testing::Id;
using testing::Old;

FakeEnsemble Restarting(const std::vector<std::uint32_t>& servers) {
  FakeEnsemble ensemble(3, 1);
  for (auto& server : ensemble.state.servers) {
    server.target = Old();
    server.restart = std::find(servers.begin(), servers.end(), server.id.value) != servers.end();
  }
  return ensemble;
}

TEST(RunRestartTest, EveryServerIsStartedAgainOnceTheLeaderLast) {
  auto ensemble = Restarting({1, 2, 3});
  const auto before = ensemble.At(2).pid;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "proceed 3", "proceed 1"));
  EXPECT_EQ(ensemble.Count("stage"), 0U);
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(ensemble.Generations(), "old old old");
  EXPECT_NE(ensemble.At(2).pid, before);
}

TEST(RunRestartTest, OnlyTheServersThatWereNamed) {
  auto ensemble = Restarting({1});
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 1"));
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
}

TEST(RunRestartTest, AControllerThatForgotEverythingRestartsNobodyTwice) {
  auto ensemble = Restarting({1, 2, 3});
  for (const char* line : {"proceed 2", "commit 2", "proceed 3", "commit 3", "proceed 1"}) {
    ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged(line); })) << line;
    ensemble.ForgetMemory();
  }
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "proceed 3", "proceed 1"));
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
}

TEST(RunRestartTest, AServerThatComesBackOnlyTheSecondTimeStopsNoOther) {
  auto ensemble = Restarting({1, 2, 3});
  ensemble.old_fails = {2};
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.old_fails.clear();
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack);
  for (const auto& stop : ensemble.Stops()) {
    EXPECT_TRUE(stop.ends_with(" 2")) << stop;
  }
}

TEST(RunRestartTest, AServerThatDoesNotComeBackIsStuckAndStopsNoOther) {
  auto ensemble = Restarting({1, 2, 3});
  ensemble.old_fails = {2};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kStuck);
  EXPECT_FALSE(ensemble.Logged("proceed 3"));
  EXPECT_FALSE(ensemble.Logged("proceed 1"));
}

// With on_failure: halt the run leaves the failed server to a person, and its agent starts it once
// more when its time is up: everybody serves, and there is nothing to go back from.
TEST(RunRestartTest, ARollbackOfAServerThatCameBackAloneIsNotStuck) {
  auto ensemble = Restarting({1, 2, 3});
  ensemble.state.policy.on_failure = model::OnFailure::kHalt;
  ensemble.old_fails = {2};
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("proceed 2"); }));
  ensemble.old_fails.clear();
  ASSERT_TRUE(ensemble.Drive());
  ASSERT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  ensemble.now += ensemble.state.policy.step_timeout;
  ensemble.Step();
  ASSERT_EQ(ensemble.At(2).operation.state, model::OperationState::kRolledBack);
  Reopen(ensemble.state, RunGoal::kBack);
  ensemble.ForgetMemory();
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRolledBack) << ensemble.state.outcome_text;
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2"));
}

// A server was stopped, whatever it runs now: that is not "nothing was changed".
TEST(RunRestartTest, ARunThatCannotGoOnAfterTheFirstServerIsHaltedAndNotRefused) {
  auto ensemble = Restarting({1, 2, 3});
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Logged("commit 2"); }));
  ensemble.At(3).frozen = true;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kHalted);
  ensemble.At(3).frozen = false;
  Reopen(ensemble.state, RunGoal::kForward);
  ensemble.ForgetMemory();
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_THAT(ensemble.Stops(), ElementsAre("proceed 2", "proceed 3", "proceed 1"));
}

}  // namespace
}  // namespace zoowarden::core
