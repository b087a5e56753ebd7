// Acquisitions that fail, and what they leave behind: a run goes on over it.
#include "tests/sim/roll.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::sim {
namespace {

using controller::AcquireRun;
using core::RunOutcome;
using std::chrono::milliseconds;

constexpr model::ServerId kOne{1};

agent::RunIdentity Stranger(std::uint64_t epoch) {
  return {.run_id = "other", .epoch = epoch, .holder = "another controller"};
}

TEST(LeaseTest, AnAcquisitionThatFailedIsLetGoOfWhereItSucceeded) {
  // Two controllers begin at once; the other one is faster on two of three agents.
  Roll roll;
  roll.agents.before_acquire = [&] {
    for (const std::uint32_t id : {2U, 3U}) {
      ASSERT_TRUE(roll.agents.agent({id}).lease().Acquire(Stranger(1), /*take_over=*/false));
    }
  };
  const auto refused = AcquireRun(roll.agents, roll.clock, {.run_id = "run1", .holder = "late"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "lease.held");
  const auto left = roll.agents.agent(kOne).lease().Get();
  EXPECT_EQ(left.owner.holder, "late");
  EXPECT_EQ(left.left, milliseconds(0));
  EXPECT_GT(roll.agents.agent({2}).lease().Get().left, milliseconds(0));
}

// What an acquisition that reached one agent only leaves there while the first server is upgraded.
class LeftoverTest : public testing::TestWithParam<bool> {};

TEST_P(LeftoverTest, OfOneAgentEndsNoRun) {
  Roll roll;
  bool left = false;
  roll.agents.on_tick = [&] {
    if (!left && !roll.Proceeded().empty()) {
      left = true;
      auto& lease = roll.agents.agent(kOne).lease();
      ASSERT_TRUE(lease.Acquire(Stranger(7), /*take_over=*/true));
      if (GetParam()) {
        ASSERT_TRUE(lease.Release(Stranger(7)));
      }
    }
  };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_TRUE(left);
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  EXPECT_EQ(roll.Versions(), "3.9.4 3.9.4 3.9.4");
}

INSTANTIATE_TEST_SUITE_P(LeaseTest, LeftoverTest, testing::Bool(), [](const auto& param) {
  return param.param ? "Released" : "Lapsing";
});

// A newer controller had agents 1 and 2 and has let go of them; 2 is silent.
class SupersededTest : public testing::Test {
 protected:
  void SetUp() override {
    roll_.agents.on_tick = [this] {
      if (!superseded_ && !roll_.Proceeded().empty()) {
        superseded_ = true;
        for (const std::uint32_t id : {1U, 2U}) {
          auto& lease = roll_.agents.agent({id}).lease();
          ASSERT_TRUE(lease.Acquire(Stranger(7), /*take_over=*/true));
          ASSERT_TRUE(lease.Release(Stranger(7)));
        }
        roll_.agents.agent({2}).reachable = false;
        silent_since_ = roll_.clock.BootTime();
      }
      if (superseded_ && roll_.clock.BootTime() - silent_since_ > silent_for_) {
        roll_.agents.agent({2}).reachable = true;
      }
    };
  }

  Roll roll_;
  bool superseded_ = false;
  milliseconds silent_since_{0};
  milliseconds silent_for_{5'000};
};

TEST_F(SupersededTest, AControllerDoesNotTakeTheWheelBackPastASilentAgent) {
  const auto result = roll_.Drive(roll_.NewRun());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), "run.fenced");
  EXPECT_NE(result.error().message().find("another controller"), std::string::npos)
      << result.error().message();
  EXPECT_EQ(roll_.agents.agent(kOne).lease().Get().owner.epoch, 7U);
  EXPECT_EQ(roll_.Proceeded().size(), 1U);
}

TEST_F(SupersededTest, ItGivesUpWhenTheAgentStaysSilent) {
  silent_for_ = milliseconds(1'000'000);
  const auto result = roll_.Drive(roll_.NewRun());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), "lease.no_majority");
  EXPECT_EQ(roll_.agents.agent(kOne).lease().Get().owner.epoch, 7U);
  EXPECT_EQ(roll_.Proceeded().size(), 1U);
}

TEST(LeaseTest, AHigherEpochOfItsOwnWhoseAnswersWereLostIsNoOtherController) {
  Roll roll;
  bool left = false;
  int lost = 0;
  roll.agents.on_tick = [&] {
    if (!left && !roll.Proceeded().empty()) {
      left = true;
      auto& lease = roll.agents.agent(kOne).lease();
      ASSERT_TRUE(lease.Acquire(Stranger(7), /*take_over=*/true));
      ASSERT_TRUE(lease.Release(Stranger(7)));
      roll.agents.loses_acquired = [&](model::ServerId id) { return id != kOne && ++lost <= 2; };
    }
  };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_GT(lost, 2);
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
  EXPECT_EQ(roll.Versions(), "3.9.4 3.9.4 3.9.4");
}

TEST(LeaseTest, ItsOwnHigherEpochThatArrivesLateIsNoOtherController) {
  Roll roll;
  bool late = false;
  roll.agents.before_put = [&] {
    if (!late && !roll.Proceeded().empty()) {
      late = true;
      for (const std::uint32_t id : {2U, 3U}) {
        auto& lease = roll.agents.agent({id}).lease();
        auto own = lease.Get().owner;
        own.epoch = 9;
        ASSERT_TRUE(lease.Acquire(own, /*take_over=*/false));
      }
    }
  };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_TRUE(late);
  EXPECT_EQ(result->state.outcome, RunOutcome::kSucceeded) << result->state.outcome_text;
}

TEST(LeaseTest, AMajorityWithAnotherControllerEndsTheRun) {
  Roll roll;
  roll.agents.before_call = [&](const std::string& method, model::ServerId) {
    if (method == "proceed") {
      for (const std::uint32_t id : {2U, 3U}) {
        ASSERT_TRUE(roll.agents.agent({id}).lease().Acquire(Stranger(7), /*take_over=*/true));
      }
    }
  };
  const auto result = roll.Drive(roll.NewRun());
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().Is(base::ErrorCode::kAborted));
  EXPECT_EQ(roll.Proceeded().size(), 1U);
}

// From the first stop on no agent takes the certificate; given a time, a fresh one is put in its
// place then.
base::Result<controller::EngineResult> DriveDenied(Roll& roll, std::optional<milliseconds> until) {
  std::optional<model::Instant> since;
  roll.agents.cut_off = {base::ErrorCode::kUnauthenticated, "pki.expired", "it has expired"};
  roll.agents.on_tick = [&roll, since, until]() mutable {
    if (!since && !roll.Proceeded().empty()) {
      since = roll.clock.BootTime();
    }
    const bool over = since && until && roll.clock.BootTime() - *since > *until;
    for (const std::uint32_t id : {1U, 2U, 3U}) {
      roll.agents.agent({id}).reachable = !since || over;
    }
  };
  return roll.Drive(roll.NewRun());
}

TEST(LeaseTest, ARunWhoseCertificateNobodyTakesAnyMoreEndsWithThatAndStaysOpen) {
  Roll roll;
  const auto began = roll.clock.BootTime();
  const auto denied = DriveDenied(roll, std::nullopt);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().reason(), "lease.denied");
  EXPECT_NE(denied.error().message().find("it has expired"), std::string::npos);
  EXPECT_LT(roll.clock.BootTime() - began, milliseconds(90'000));
  EXPECT_EQ(roll.Proceeded().size(), 1U);
  roll.agents.on_tick = [] {};
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    roll.agents.agent({id}).reachable = true;
  }
  roll.agents.Pass(milliseconds(20'000));
  const auto resumed = roll.Resume(core::RunGoal::kForward);
  ASSERT_TRUE(resumed) << resumed.error().message();
  EXPECT_EQ(resumed->state.outcome, core::RunOutcome::kSucceeded) << resumed->state.outcome_text;
}

TEST(LeaseTest, WhoAsksForAStopThenDoesNotWaitForThat) {
  Roll roll;
  std::optional<model::Instant> asked;
  roll.stop = [&] {
    const bool denied = !roll.agents.agent(kOne).reachable;
    if (denied && !asked) {
      asked = roll.clock.BootTime();
    }
    return denied;
  };
  const auto stopped = DriveDenied(roll, std::nullopt);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().reason(), "lease.denied");
  ASSERT_TRUE(asked);
  EXPECT_LT(roll.clock.BootTime() - *asked, milliseconds(5'000));
}

TEST(LeaseTest, ARunGoesOnWithACertificateThatWasExchangedInTime) {
  Roll roll;
  const auto result = DriveDenied(roll, milliseconds(10'000));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->state.outcome, core::RunOutcome::kSucceeded) << result->state.outcome_text;
}

}  // namespace
}  // namespace zoowarden::sim
