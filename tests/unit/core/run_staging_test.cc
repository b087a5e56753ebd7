// What happens before the first stop: every server makes ready what it is to run.
#include "tests/unit/core/fake_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

using ::testing::Contains;
using testing::FakeEnsemble;
using ::testing::HasSubstr;
using testing::Id;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(RunStagingTest, AFailedStagingRefusesWithNothingStopped) {
  FakeEnsemble ensemble(3, 1);
  ensemble.staging_fails = {3};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_EQ(ensemble.state.outcome_reason, "staging.failed");
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
  EXPECT_THAT(ensemble.log, Contains("close 1"));
  EXPECT_THAT(ensemble.state.outcome_text,
              HasSubstr("no server was stopped: server 3: wrong digest"));
}

TEST(RunStagingTest, EachServerThatCouldNotBeStagedIsNamedWithItsReason) {
  FakeEnsemble ensemble(3, 1);
  ensemble.staging_fails = {1, 3};
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(
      ensemble.state.outcome_text,
      "server 1, server 3 could not be staged, no server was stopped: server 1: wrong digest; "
      "server 3: wrong digest");
}

// Actual: a mirror is out of order for longer than anybody's patience.
// Expected: it is asked ever more seldom, and the end says of whom and why.
TEST(RunStagingTest, StagingThatCannotBeDoneNowRestsLongerEachTime) {
  FakeEnsemble ensemble(3, 1);
  ensemble.staging_unavailable = {2};
  ensemble.state.policy.step_timeout = std::chrono::seconds(60);
  std::vector<long> seconds;
  std::size_t asked = 0;
  while (!ensemble.Step()) {
    if (const auto now = ensemble.Count("stage 2"); now > asked) {
      asked = now;
      seconds.push_back(std::chrono::duration_cast<std::chrono::seconds>(ensemble.now).count());
    }
  }
  ASSERT_EQ(asked, 6U);  // after 0, 1, 3, 7, 15 and 31 s
  EXPECT_GE(seconds[5] - seconds[0], 31);
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_EQ(ensemble.state.outcome_reason, "staging.timeout");
  EXPECT_THAT(ensemble.state.outcome_text, HasSubstr("server 2: HTTP 503"));
}

TEST(RunStagingTest, StagingIsDoneAsSoonAsItCanBe) {
  FakeEnsemble ensemble(3, 1);
  ensemble.staging_unavailable = {2};
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.Count("stage 2") == 3; }));
  ensemble.staging_unavailable.clear();
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(ensemble.Count("stage 2"), 4U);
}

TEST(RunStagingTest, StagingThatIsDroppedIsNotTold) {
  // Server 3 has refused; server 1 has to be asked again, and is not.
  FakeEnsemble ensemble(3, 3);
  ensemble.staging_fails = {3};
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ServerOf(ensemble.state, Id(3)).failed; }));
  ensemble.At(1).operation = {};
  ensemble.Step();
  ASSERT_EQ(ensemble.state.outcome_reason, "staging.failed");
  EXPECT_TRUE(ensemble.last.actions.empty());
  EXPECT_EQ(ensemble.last.events.front().kind, "run_refused");
}

TEST(RunStagingTest, AServerWhoseAgentIsSilentWhileStagingIsNeverTouched) {
  FakeEnsemble ensemble(3, 1);
  ASSERT_TRUE(ensemble.DriveUntil([&] { return ensemble.state.phase == RunPhase::kStaging; }));
  ensemble.At(3).answers = false;
  ASSERT_TRUE(ensemble.Drive());
  EXPECT_EQ(ensemble.state.outcome, RunOutcome::kRefused);
  EXPECT_THAT(ensemble.log, Not(Contains("stage 3")));
  EXPECT_THAT(ensemble.Stops(), IsEmpty());
}

}  // namespace
}  // namespace zoowarden::core
