#include "tests/unit/controller/fleet/modelled_fleet.h"

#include <gmock/gmock.h>

namespace zoowarden::controller {
namespace {

using core::EnsembleState;
using core::RunOutcome;
using testing::HasSubstr;

std::string Times(const std::string& word, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

class FleetDriverTest : public ModelledFleetTest {};

TEST_F(FleetDriverTest, AllAreRolledWaveByWaveAndNeverMoreThanMay) {
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(States(), Times("succeeded", 20));
  EXPECT_LE(world_.most_at_once, 4U);
  EXPECT_TRUE(record_.closed);
  const auto& processes = world_.processes;
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(world_.Began(i, EnsembleVerb::kBegin), 1U) << i;
  }
  // The canaries had ended before any other was begun.
  for (std::size_t i = 2; i < processes.size(); ++i) {
    EXPECT_GE(processes[i].begins, processes[0].ends);
  }
}

TEST_F(FleetDriverTest, OneThatFailsStopsNoOther) {
  Fail(3, RunOutcome::kRolledBack, 6);
  world_.fates[3].lasts = milliseconds(5'000);
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(Entry(3).state, EnsembleState::kRolledBack);
  EXPECT_EQ(Entry(3).message, "as it was to be");
  for (std::size_t i = 0; i < 20; ++i) {
    if (i != 3) {
      EXPECT_EQ(Entry(i).state, EnsembleState::kSucceeded) << i;
    }
  }
  for (const auto& process : world_.processes) {
    EXPECT_FALSE(process.interrupted);
  }
}

TEST_F(FleetDriverTest, ASpentBudgetHaltsTheRestAndThoseThatRunComeToTheirOwnEnds) {
  Fail(2, RunOutcome::kRolledBack, 6);
  Fail(3, RunOutcome::kStuck, 7);
  world_.fates[2].lasts = world_.fates[3].lasts = milliseconds(5'000);
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(States(),
            "succeeded succeeded rolled_back stuck succeeded succeeded " + Times("waiting", 14));
  EXPECT_FALSE(record_.closed);
  for (const auto& process : world_.processes) {
    EXPECT_FALSE(process.interrupted);
    EXPECT_GE(process.ends - process.begins, milliseconds(5'000));
  }
}

TEST_F(FleetDriverTest, WhatFailedIsTriedAgainOnlyWhenThatIsAskedFor) {
  Fail(0, RunOutcome::kHalted, 10);
  Fail(1, RunOutcome::kRefused, 5);
  world_.fates[1].records = false;
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  const auto before = world_.processes.size();
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(world_.processes.size(), before);
  world_.fates[0] = world_.fates[1] = Fate{};
  EXPECT_EQ(Live(/*retry=*/true), FleetEnd::kEnded);
  EXPECT_EQ(States(), Times("succeeded", 20));
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 1U);  // a halted run is gone on with
  EXPECT_EQ(world_.Began(1, EnsembleVerb::kBegin), 2U);
}

TEST_F(FleetDriverTest, WhatAPersonBroughtInOrderIsNoFailureAnyMore) {
  Fail(0, RunOutcome::kHalted, 10);
  fleet_.policy.error_budget = 0;
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  world_.runs[0].front().outcome = RunOutcome::kSucceeded;
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(States(), Times("succeeded", 20));
}

TEST_F(FleetDriverTest, ACommandThatBreaksOffIsGoneOnWithTwice) {
  world_.fates[0].breaks = 2;
  world_.fates[1].breaks = 3;
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(Entry(0).state, EnsembleState::kSucceeded);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kBegin), 1U);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 2U);
  EXPECT_EQ(Entry(1).state, EnsembleState::kFailed);
  EXPECT_THAT(Entry(1).message, HasSubstr("run run-2 broke off, and is open"));
}

TEST_F(FleetDriverTest, AsksThoseThatRunToStopOnceAndResumeGoesOn) {
  stop_ = [this] { return world_.processes.size() > 4; };
  EXPECT_EQ(Live(), FleetEnd::kInterrupted);
  EXPECT_EQ(world_.processes.size(), 6U);  // the canaries, and four of the next wave
  EXPECT_EQ(States(), "succeeded succeeded open open open open " + Times("waiting", 14));
  EXPECT_EQ(Entry(2).process, "");  // until then it is stopping, to whoever looks
  stop_ = [] { return false; };
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(States(), Times("succeeded", 20));
  EXPECT_TRUE(world_.second_begins.empty()) << world_.second_begins.front();
  EXPECT_EQ(world_.Began(2, EnsembleVerb::kResume), 1U);
}

TEST_F(FleetDriverTest, AWaveSoaksAndIsVerifiedBeforeTheNext) {
  fleet_.policy.soak = std::chrono::minutes(30);
  world_.fates[1].verify_code = 1;
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(Entry(0).state, EnsembleState::kSucceeded);
  EXPECT_TRUE(Entry(0).verified);
  EXPECT_EQ(Entry(1).state, EnsembleState::kUnhealthy);
  EXPECT_THAT(said_, HasSubstr("wave canary has ended and soaks until "));
  const auto& next = *std::find_if(world_.processes.begin(),
                                   world_.processes.end(),
                                   [](const auto& process) { return process.ensemble == 2; });
  EXPECT_GE(next.begins - world_.processes[0].ends, std::chrono::minutes(30));
  EXPECT_EQ(world_.Began(15, EnsembleVerb::kVerify), 0U);  // nothing follows the last wave
}

TEST_F(FleetDriverTest, TheSoakDoesNotFollowAWallClockThatIsSet) {
  for (const auto jump : {std::chrono::hours(1), std::chrono::hours(-1)}) {
    world_.Reset(kEnsembles);
    stored_.reset();
    said_.clear();
    fleet_.policy.soak = std::chrono::minutes(30);
    milliseconds soaks{0};  // boot time
    std::optional<milliseconds> begins;
    stop_ = [&] {
      if (soaks.count() == 0 && said_.find("soaks until") != std::string::npos) {
        soaks = world_.BootTime();
        world_.JumpWall(jump);
      }
      if (!begins && world_.Began(2, EnsembleVerb::kBegin) == 1) {
        begins = world_.BootTime();
      }
      return false;
    };
    EXPECT_EQ(Live(), FleetEnd::kEnded);
    ASSERT_TRUE(begins);
    EXPECT_GE(*begins - soaks, std::chrono::minutes(29));
    EXPECT_LE(*begins - soaks, std::chrono::minutes(31));
  }
}

TEST_F(FleetDriverTest, WhatWasNotInOrderCountsAsFailedUntilItIs) {
  fleet_.policy = {.concurrency = 4, .error_budget = 0, .soak = std::chrono::minutes(30)};
  world_.fates[1].verify_code = 1;
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  fleet_.policy.soak = milliseconds(0);
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(1).state, EnsembleState::kUnhealthy);
  EXPECT_EQ(world_.Began(1, EnsembleVerb::kVerify), 2U);
  EXPECT_EQ(world_.Began(2, EnsembleVerb::kBegin), 0U);
  world_.fates[1].verify_code = 0;
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(States(), Times("succeeded", 20));
  EXPECT_EQ(Entry(1).message, "");
}

TEST_F(FleetDriverTest, AVerificationThatSaysNothingIsAskedAgain) {
  fleet_.policy = {.concurrency = 4, .error_budget = 0, .soak = std::chrono::minutes(30)};
  // The lease of a verification that was killed lapses.
  world_.verify_held_until = world_.WallTime() + std::chrono::minutes(31) + milliseconds(15'000);
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(States(), Times("succeeded", 20));
  EXPECT_GT(world_.Began(0, EnsembleVerb::kVerify), 2U);
  EXPECT_LT(world_.Began(0, EnsembleVerb::kVerify), 12U);
}

TEST_F(FleetDriverTest, AVerificationThatNeverSaysAnythingCountsAsFailed) {
  fleet_.policy = {.concurrency = 4, .error_budget = 0, .soak = std::chrono::minutes(30)};
  world_.fates[0].verify_code = 8;
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kUnhealthy);
}

TEST_F(FleetDriverTest, AllVerificationsAreWaitedForBeforeTheFleetIsHalted) {
  fleet_.policy = {.concurrency = 4, .error_budget = 0, .soak = std::chrono::minutes(30)};
  world_.fates[0].verify_code = 1;
  world_.fates[1].verify_code = 1;
  world_.fates[1].verify_lasts = milliseconds(5'000);
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(1).state, EnsembleState::kUnhealthy);
}

// The soak too: at each step of a rollout that verifies.
TEST_F(FleetDriverTest, KilledInTheSoakOrWhileItVerifiesItEndsAsUndisturbed) {
  fleet_.policy.soak = std::chrono::seconds(10);
  world_.until_killed = 1'000'000;
  ASSERT_EQ(Live(), FleetEnd::kEnded);
  const auto steps = 1'000'000 - world_.until_killed;
  for (int step = 0; step < steps; step += 7) {
    SCOPED_TRACE(step);
    world_.Reset(kEnsembles);
    stored_.reset();
    world_.until_killed = step;
    static_cast<void>(Live());
    world_.until_killed = -1;
    ASSERT_EQ(Live(), FleetEnd::kEnded);
    ASSERT_EQ(States(), Times("succeeded", 20));
    for (std::size_t i = 0; i < 10; ++i) {
      ASSERT_TRUE(Entry(i).verified) << i;
    }
  }
}

TEST_F(FleetDriverTest, NoneIsBegunOutsideItsWindow) {
  // The manual clock begins at 2023-11-14T22:13:20Z.
  config::FleetWindow window{.zone = "UTC"};
  window.days.fill(true);
  window.from = std::chrono::hours(23);
  window.until = std::chrono::hours(23) + std::chrono::minutes(2);
  fleet_.windows = std::vector{window};
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  for (const auto& process : world_.processes) {
    const auto of_day = process.begins % std::chrono::hours(24);
    EXPECT_GE(of_day, window.from);
    EXPECT_LT(of_day, window.until);
  }
  EXPECT_THAT(said_, HasSubstr("waits for a maintenance window until 2023-11-14T23:00:00Z"));
}

TEST_F(FleetDriverTest, AnEnsembleThatIsLeftOutWhileItRunsIsRefused) {
  auto record = Fresh();
  record.ensembles[4].state = EnsembleState::kRunning;
  fleet_.ensembles.erase(fleet_.ensembles.begin() + 4);
  const auto fits = FitRecord(fleet_, record);
  ASSERT_FALSE(fits);
  EXPECT_EQ(fits.error().reason(), "fleet.left_out");
  EXPECT_THAT(fits.error().message(), HasSubstr("ensemble e4 was begun by rollout r-1"));
  record.ensembles[4].state = EnsembleState::kSucceeded;
  EXPECT_TRUE(FitRecord(fleet_, record));
  EXPECT_EQ(record.ensembles.size(), 19U);
}

// Killed at any step (each store, each start of a command from before and from after it, each
// wait), and once more somewhere in its next life: all ends as it does undisturbed.
TEST_F(FleetDriverTest, KilledAnywhereAndResumedItEndsAsUndisturbed) {
  const auto prepare = [this] {
    world_.Reset(kEnsembles);
    Fail(7, RunOutcome::kRolledBack, 6);
    world_.fates[5].records = false;  // nothing to do
    world_.fates[5].lasts = milliseconds(5'000);
    world_.fates[6].lasts = milliseconds(200'000);
    stored_.reset();
  };
  prepare();
  world_.until_killed = 1'000'000;
  ASSERT_EQ(Live(), FleetEnd::kEnded);
  const auto steps = 1'000'000 - world_.until_killed;
  const auto undisturbed = States();
  ASSERT_THAT(undisturbed, HasSubstr("nothing_to_do"));
  int killed = 0;
  for (int step = 0; step < steps; step += step < 100 ? 1 : 23) {
    prepare();
    world_.until_killed = step;
    std::optional<FleetEnd> end = Live();
    if (!end) {
      ++killed;
      world_.until_killed = step % 40;
      end = Live();
    }
    if (!end) {
      ++killed;
      world_.until_killed = -1;
      world_.SleepFor(milliseconds(step % 3 * 30'000));
      end = Live();
    }
    ASSERT_EQ(end, FleetEnd::kEnded) << "killed at step " << step;
    ASSERT_EQ(States(), undisturbed) << "killed at step " << step;
    ASSERT_LE(world_.most_at_once, 4U) << "killed at step " << step;
    ASSERT_TRUE(world_.second_begins.empty())
        << "killed at step " << step << ", ensemble " << world_.second_begins.front();
  }
  EXPECT_GT(killed, 100);
}

}  // namespace
}  // namespace zoowarden::controller
