// What somebody else does to an ensemble of a rollout, and what the rollout makes of it.
#include "tests/unit/controller/fleet/modelled_fleet.h"

#include <gmock/gmock.h>

namespace zoowarden::controller {
namespace {

using core::EnsembleState;
using core::RunOutcome;
using testing::HasSubstr;

class FleetReconcileTest : public ModelledFleetTest {
 protected:
  void SetUp() override {
    ModelledFleetTest::SetUp();
    fleet_.policy = {.concurrency = 4, .error_budget = 0};
  }

  milliseconds until_{0};
};

TEST_F(FleetReconcileTest, AnotherSuccessfulRunIsNotTheRolloutsOwn) {
  Fail(0, RunOutcome::kHalted, 10);
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  AddRun(0, RunOutcome::kSucceeded);  // `zoowarden repair`, say
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kHalted);
  // That run has closed the halted one, so the rollout's verb is begun again.
  world_.fates[0] = Fate{};
  EXPECT_EQ(Live(/*retry=*/true), FleetEnd::kEnded);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 0U);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kBegin), 2U);
  EXPECT_EQ(Entry(0).state, EnsembleState::kSucceeded);
}

TEST_F(FleetReconcileTest, WhereSomebodyElseHoldsTheEnsembleItIsRefused) {
  world_.others.insert(0);
  world_.runs[0].push_back({.run_id = "of a person"});
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kRefused);
  EXPECT_EQ(Entry(0).run_id, "");
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kAttach), 0U);
}

// Ctrl-C before the first record, then a run of a person, then a command without a run.
TEST_F(FleetReconcileTest, ARunFromBeforeTheSecondBeginningIsNotItsOwn) {
  stop_ = [this] { return world_.processes.size() == 2; };
  world_.fates[0].lasts = world_.fates[1].lasts = milliseconds(1'000);
  world_.fates[0].exit_code = 5;
  EXPECT_EQ(Live(), FleetEnd::kInterrupted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kWaiting);
  AddRun(0, RunOutcome::kSucceeded);
  stop_ = [] { return false; };
  world_.fates[0].records = false;
  world_.SleepFor(std::chrono::minutes(1));
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kRefused);
}

TEST_F(FleetReconcileTest, WhatAPersonPausedIsNotGoneOnWith) {
  bool paused = false;
  stop_ = [&] {
    const auto now = world_.WallTime();
    if (!world_.runs[0].empty() && !paused) {
      paused = true;
      world_.TakeOver(0);
      until_ = now + milliseconds(20'000);
    }
    if (paused && now >= until_ && world_.others.contains(0)) {
      world_.others.clear();
      world_.runs[0].front().left_open = true;
    }
    return false;
  };
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kFailed);
  EXPECT_THAT(Entry(0).message,
              HasSubstr("paused by zoowarden://somebody/operator, run run-1 is open"));
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kAttach), 1U);  // until the pause let go
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 0U);
  EXPECT_EQ(Live(/*retry=*/true), FleetEnd::kEnded);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 1U);
}

TEST_F(FleetReconcileTest, WhatAPersonPausedWhileTheFleetWasAwayIsNotGoneOnWith) {
  world_.until_killed = 30;
  EXPECT_EQ(Live(), std::nullopt);
  world_.until_killed = -1;
  ASSERT_FALSE(world_.runs[0].empty());
  world_.TakeOver(0);
  world_.others.clear();
  world_.runs[0].front().left_open = true;
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kFailed);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 0U);
}

// A person took it over while the fleet was away, and his own command broke off.
TEST_F(FleetReconcileTest, WhatAPersonTookOverAndLostIsNotGoneOnWith) {
  world_.until_killed = 30;
  EXPECT_EQ(Live(), std::nullopt);
  world_.until_killed = -1;
  ASSERT_FALSE(world_.runs[0].empty());
  world_.TakeOver(0);
  world_.others.clear();
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kFailed);
  EXPECT_THAT(Entry(0).message,
              HasSubstr("taken over by zoowarden://somebody/operator, run run-1 is open"));
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 0U);
  EXPECT_EQ(Live(/*retry=*/true), FleetEnd::kEnded);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 1U);
}

// The fleet was killed, or stopped by Ctrl-C, while it looked on at what the person did.
TEST_F(FleetReconcileTest, WhatWasLookedOnAtAndBrokeOffIsNotGoneOnWith) {
  for (const bool killed : {true, false}) {
    SCOPED_TRACE(killed);
    world_.Reset(kEnsembles);
    stored_.reset();
    bool taken = false;
    stop_ = [&] {
      if (!world_.runs[0].empty() && !taken) {
        taken = true;
        world_.TakeOver(0);
      }
      const bool looks_on = world_.Began(0, EnsembleVerb::kAttach) == 1;
      world_.until_killed = killed && looks_on ? 1 : -1;
      return looks_on;
    };
    EXPECT_EQ(Live(), killed ? std::nullopt : std::optional(FleetEnd::kInterrupted));
    world_.until_killed = -1;
    stop_ = [] { return false; };
    world_.others.clear();
    world_.SleepFor(std::chrono::minutes(1));
    EXPECT_EQ(Live(), FleetEnd::kHalted);
    EXPECT_EQ(Entry(0).state, EnsembleState::kFailed);
    EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 0U);
  }
}

TEST_F(FleetReconcileTest, WhatAPersonHoldsWhenTheFleetComesBackIsLookedOnAt) {
  world_.until_killed = 30;
  EXPECT_EQ(Live(), std::nullopt);
  world_.until_killed = -1;
  world_.TakeOver(0);
  until_ = world_.WallTime() + milliseconds(50'000);
  stop_ = [&] {
    if (world_.WallTime() >= until_) {
      world_.others.clear();
      world_.runs[0].front().ended = true;
      world_.runs[0].front().outcome = RunOutcome::kSucceeded;
    }
    return false;
  };
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(Entry(0).state, EnsembleState::kSucceeded);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 0U);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kAttach), 1U);
}

TEST_F(FleetReconcileTest, WhatAnInterruptedFleetAskedToStopIsGoneOnWithWheneverItWasKilled) {
  for (int step = 0; step < 12; ++step) {
    SCOPED_TRACE(step);
    world_.Reset(kEnsembles);
    stored_.reset();
    world_.fates[1].lasts = milliseconds(1'000);
    bool stopping = false;
    stop_ = [&] {
      if (!stopping && !world_.runs[0].empty()) {
        stopping = true;
        world_.until_killed = step;
      }
      return stopping;
    };
    static_cast<void>(Live());
    world_.until_killed = -1;
    stop_ = [] { return false; };
    if (step % 2 == 1) {
      world_.SleepFor(std::chrono::minutes(2));
    }
    EXPECT_EQ(Live(), FleetEnd::kEnded);
    EXPECT_EQ(Entry(0).state, EnsembleState::kSucceeded) << Entry(0).message;
    EXPECT_EQ(world_.Began(0, EnsembleVerb::kBegin), 1U);
  }
}

// Its lease has not lapsed when the fleet comes back.
TEST_F(FleetReconcileTest, ACommandThatWasKilledJustBeforeTheFleetStoppedIsGoneOnWith) {
  world_.fates[0].breaks = 1;
  stop_ = [this] { return world_.fates[0].breaks == 0; };
  EXPECT_EQ(Live(), FleetEnd::kInterrupted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kOpen);
  stop_ = [] { return false; };
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(Entry(0).state, EnsembleState::kSucceeded);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kAttach), 0U);
}

TEST_F(FleetReconcileTest, WhatAPersonTookOverAndBroughtToAnEndHasThatEnd) {
  bool taken = false;
  stop_ = [&] {
    if (!world_.runs[0].empty() && !taken) {
      taken = true;
      world_.TakeOver(0);
      until_ = world_.WallTime() + milliseconds(50'000);
    }
    if (taken && world_.WallTime() >= until_) {
      world_.others.clear();
      world_.runs[0].front().ended = true;
      world_.runs[0].front().outcome = RunOutcome::kSucceeded;
    }
    return false;
  };
  EXPECT_EQ(Live(), FleetEnd::kEnded);
  EXPECT_EQ(Entry(0).state, EnsembleState::kSucceeded);
}

// Its own command did so while the fleet was away: nobody has been shown that it is begun anew.
TEST_F(FleetReconcileTest, WhatFailedSinceItWasShownIsNotTriedAgain) {
  Fail(0, RunOutcome::kRolledBack, 1);
  world_.until_killed = 30;
  EXPECT_EQ(Live(), std::nullopt);
  world_.until_killed = -1;
  world_.SleepFor(std::chrono::minutes(5));
  EXPECT_EQ(Live(/*retry=*/true), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kRolledBack);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kBegin), 1U);
  world_.fates[0] = Fate{};
  EXPECT_EQ(Live(/*retry=*/true), FleetEnd::kEnded);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kBegin), 2U);
}

TEST_F(FleetReconcileTest, WhatAPersonRolledBackIsBegunAnewWhenItIsRetried) {
  Fail(0, RunOutcome::kHalted, 10);
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  world_.runs[0].front().outcome = RunOutcome::kRolledBack;
  EXPECT_EQ(Live(), FleetEnd::kHalted);
  EXPECT_EQ(Entry(0).state, EnsembleState::kRolledBack);
  world_.fates[0] = Fate{};
  EXPECT_EQ(Live(/*retry=*/true), FleetEnd::kEnded);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kBegin), 2U);
  EXPECT_EQ(world_.Began(0, EnsembleVerb::kResume), 0U);
}

}  // namespace
}  // namespace zoowarden::controller
