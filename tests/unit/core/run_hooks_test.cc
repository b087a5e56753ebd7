// Whom a run tells, when, and what follows from what they say.
#include "tests/unit/core/fake_ensemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

using model::HookPoint;
using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeEnsemble;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RunHooksTest : public ::testing::Test {
 protected:
  RunHooksTest() { ensemble_.state.run_id = "r"; }

  void Have(const std::vector<HookPoint>& points) {
    for (const auto point : points) {
      ensemble_.state.hooks.patience[point] = milliseconds(1'000);
    }
  }
  void Resume() {
    ensemble_.ForgetMemory();
    ensemble_.stop_requested = false;
    Reopen(ensemble_.state, ensemble_.state.goal);
  }
  [[nodiscard]] const RunState& State() const { return ensemble_.state; }

  FakeEnsemble ensemble_{3, 1};
};

TEST_F(RunHooksTest, EachIsToldOnceInOrder) {
  Have(
      {HookPoint::kBeforeRun, HookPoint::kBeforeStep, HookPoint::kAfterStep, HookPoint::kAfterRun});
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kSucceeded);
  EXPECT_THAT(ensemble_.hooks,
              ElementsAre("r/before_run/run/forward",
                          "r/before_step/2/forward",
                          "r/after_step/2/forward",
                          "r/before_step/3/forward",
                          "r/after_step/3/forward",
                          "r/before_step/1/forward",
                          "r/after_step/1/forward",
                          "r/after_run/run/forward"));
  EXPECT_THAT(ensemble_.events,
              Contains(HasSubstr("hook: hook 'h' (before_run) passed after 0.0 s, and printed: "
                                 "not today")));
}

TEST_F(RunHooksTest, NoneIsCalledBetweenPermitAndStop) {
  Have({HookPoint::kBeforeStep, HookPoint::kAfterStep});
  for (int i = 0; i < 3'000 && !ensemble_.Step(); ++i) {
    const bool permit = ensemble_.memory.permit.has_value();
    EXPECT_FALSE(permit && ensemble_.last.want_hooks) << i;
  }
  EXPECT_EQ(State().outcome, RunOutcome::kSucceeded);
}

TEST_F(RunHooksTest, TheRecordSaysSoBeforeAHookIsCalled) {
  Have({HookPoint::kBeforeStep});
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.last.want_hooks.has_value(); }));
  EXPECT_TRUE(ensemble_.hooks.empty());
  ASSERT_FALSE(ensemble_.last.events.empty()) << "what has events is stored before it is done";
  EXPECT_EQ(ensemble_.last.events.back().kind, "hook_begun");
}

TEST_F(RunHooksTest, AVetoBeforeTheRunRefusesIt) {
  Have({HookPoint::kBeforeRun});
  ensemble_.hooks_pass = false;
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kRefused);
  EXPECT_EQ(State().outcome_reason, "hook.vetoed");
  EXPECT_EQ(State().outcome_text, "nothing was touched: hook 'h' vetoed: exit 1: not today");
  EXPECT_THAT(ensemble_.log, IsEmpty());
}

TEST_F(RunHooksTest, AVetoBeforeTheFirstStepRefusesTheRun) {
  Have({HookPoint::kBeforeStep});
  ensemble_.hooks_pass = false;
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kRefused);
  EXPECT_THAT(ensemble_.Stops(), IsEmpty());
}

TEST_F(RunHooksTest, AVetoBeforeALaterStepHaltsAndThatServerIsNotTouched) {
  Have({HookPoint::kBeforeStep, HookPoint::kAfterRun});
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("commit 2"); }));
  ensemble_.hooks_pass = false;
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kHalted);
  EXPECT_EQ(State().outcome_reason, "hook.vetoed");
  EXPECT_THAT(State().outcome_text, HasSubstr("server 3 was not touched: hook 'h' vetoed"));
  EXPECT_THAT(ensemble_.Stops(), ElementsAre("proceed 2"));
  EXPECT_EQ(ensemble_.hooks.back(), "r/after_run/run/forward") << "told of a halt too";
  ensemble_.hooks_pass = true;
  Resume();
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(std::count(ensemble_.hooks.begin(), ensemble_.hooks.end(), "r/before_step/3/forward"),
            2)
      << "asked again, by the same name";
}

// The controller died when the record owed the call and nobody had been told yet.
TEST_F(RunHooksTest, WhatIsOwedIsToldOnTheWayBackToo) {
  Have({HookPoint::kAfterStep});
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return !State().hooks.owed.empty(); }));
  ensemble_.hooks_end = false;  // the call died with the controller
  ensemble_.ForgetMemory();
  Reopen(ensemble_.state, RunGoal::kBack);
  ensemble_.Step();
  ASSERT_THAT(ensemble_.hooks, IsEmpty());
  ensemble_.hooks_end = true;
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble_.hooks, ElementsAre("r/after_step/2/forward", "r/after_step/2/back"));
}

// Whoever was told before its step is told how that ended, also where the run halted in its middle.
TEST_F(RunHooksTest, AServerThatIsTakenBackFromTheMiddleOfItsStepIsTold) {
  Have({HookPoint::kBeforeStep, HookPoint::kAfterStep});
  ensemble_.state.policy.on_failure = model::OnFailure::kHalt;
  ensemble_.check_passes = false;
  ensemble_.state.has_checks = true;
  ASSERT_TRUE(ensemble_.Drive());
  ASSERT_EQ(State().outcome, RunOutcome::kHalted);
  ensemble_.ForgetMemory();
  Reopen(ensemble_.state, RunGoal::kBack);
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble_.hooks, ElementsAre("r/before_step/2/forward", "r/after_step/2/back/2"));
}

// Its agent did not carry the stop out, and before that is asked for again the whole run goes back.
TEST_F(RunHooksTest, AServerThatWasNotStoppedAfterAllIsToldWhenTheRunGoesBack) {
  Have({HookPoint::kBeforeStep, HookPoint::kAfterStep});
  ensemble_.state.policy.client_impact = {.max_write_gap = milliseconds(500),
                                          .then = model::OverBudget::kRollback};
  ensemble_.expiring_permits = 1;
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("proceed 2"); }));
  ensemble_.writes = WritesSeen{.longest = milliseconds(900)};
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kRolledBack);
  EXPECT_EQ(State().outcome_reason, "impact.over_budget");
  EXPECT_THAT(ensemble_.hooks, ElementsAre("r/before_step/2/forward", "r/after_step/2/back"));
}

// By its id a hook recognises a call that is made again.
TEST_F(RunHooksTest, WhatHappenedInAnotherLifeOfTheRunHasAnotherId) {
  Have({HookPoint::kBeforeStep, HookPoint::kAfterRun});
  ensemble_.hooks_pass = false;
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return State().outcome != RunOutcome::kNone; }));
  ASSERT_TRUE(ensemble_.Drive());
  for (int i = 0; i < 2; ++i) {
    ensemble_.hooks_pass = i > 0;
    ensemble_.state.phase = RunPhase::kEnded;
    ensemble_.state.outcome = RunOutcome::kHalted;
    Resume();
    ASSERT_TRUE(ensemble_.Drive());
  }
  std::vector<std::string> told;
  std::copy_if(ensemble_.hooks.begin(),
               ensemble_.hooks.end(),
               std::back_inserter(told),
               [](const std::string& id) { return id.find("after_run") != std::string::npos; });
  EXPECT_THAT(
      told,
      ElementsAre(
          "r/after_run/run/forward", "r/after_run/run/forward/2", "r/after_run/run/forward/3"));
}

// A halt that nobody was told of, because the controller died.
TEST_F(RunHooksTest, AnOutcomeIsToldAsItWasThen) {
  Have({HookPoint::kAfterRun});
  ensemble_.stop_requested = true;
  ensemble_.aborted_by = "somebody";
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return !State().hooks.owed.empty(); }));
  const auto outcome = State().outcome;
  ensemble_.state.outcome = RunOutcome::kHalted;
  ensemble_.aborted_by.clear();
  Resume();
  ASSERT_EQ(State().hooks.owed.size(), 1U);
  EXPECT_EQ(State().hooks.owed.front().outcome, RunOutcomeName(outcome));
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_THAT(ensemble_.hooks, ElementsAre("r/after_run/run/forward", "r/after_run/run/forward/2"));
}

TEST_F(RunHooksTest, OnTheWayBackNobodyVetoesAndAfterwardsNobodyFailsARun) {
  Have({HookPoint::kBeforeStep, HookPoint::kAfterStep, HookPoint::kAfterRun});
  ensemble_.starts[3] = testing::Start::kDies;
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return State().goal == RunGoal::kBack; }));
  ensemble_.hooks_pass = false;
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kRolledBack);
  EXPECT_THAT(ensemble_.hooks, Contains("r/before_step/2/back"));
  EXPECT_THAT(ensemble_.hooks, Contains("r/after_step/3/forward"));
  EXPECT_THAT(ensemble_.hooks, Contains("r/after_run/run/back"));
  EXPECT_THAT(ensemble_.events, Contains(HasSubstr("failed (exit 1), which stops nothing")));
}

TEST_F(RunHooksTest, OneThatIsDownOnTheWayBackWaitsForNobody) {
  Have({HookPoint::kBeforeStep, HookPoint::kAfterStep});
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("commit 2"); }));
  ensemble_.Crash(2);
  ensemble_.hooks_end = false;
  Reopen(ensemble_.state, RunGoal::kBack);
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("down proceed 2"); }, 50));
}

TEST_F(RunHooksTest, AHookOfWhichNothingIsHeardIsAVetoAfterItsTime) {
  Have({HookPoint::kBeforeStep});
  ensemble_.hooks_end = false;
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kRefused);
  EXPECT_THAT(State().outcome_text, HasSubstr("no word of it after its deadline"));
}

TEST_F(RunHooksTest, AControllerThatDiedWhileAHookRanCallsItAgainByTheSameName) {
  Have({HookPoint::kBeforeStep, HookPoint::kAfterStep});
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.last.want_hooks.has_value(); }));
  const auto call = *ensemble_.last.want_hooks;
  Resume();
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("proceed 2"); }));
  EXPECT_EQ(ensemble_.hooks.front(), HookCallId("r", call));
  EXPECT_EQ(std::count_if(ensemble_.events.begin(),
                          ensemble_.events.end(),
                          [](const auto& event) { return event.starts_with("hook_begun"); }),
            2);
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return !State().hooks.owed.empty(); }));
  Resume();
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_THAT(ensemble_.hooks, Contains("r/after_step/2/forward")) << "still owed";
}

TEST_F(RunHooksTest, AReportThatComesWhileTheGateIsShutIsNotForgotten) {
  Have({HookPoint::kBeforeStep});
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.last.want_hooks.has_value(); }));
  ensemble_.At(3).frozen = true;
  ensemble_.Step();
  ensemble_.At(3).frozen = false;
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.Logged("proceed 2"); }));
  EXPECT_THAT(ensemble_.hooks, ElementsAre("r/before_step/2/forward"));
}

TEST_F(RunHooksTest, WhoGoesOnWithoutHooksOwesNothing) {
  Have({HookPoint::kAfterStep, HookPoint::kAfterRun});
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return !State().hooks.owed.empty(); }));
  ensemble_.state.hooks.patience.clear();
  ASSERT_TRUE(ensemble_.Drive());
  EXPECT_EQ(State().outcome, RunOutcome::kSucceeded);
  EXPECT_LE(ensemble_.hooks.size(), 1U) << "the one that had been asked for";
}

TEST_F(RunHooksTest, WhoeverWantsToStopNeedNotWaitForAHook) {
  Have({HookPoint::kBeforeStep});
  ensemble_.hooks_end = false;
  ASSERT_TRUE(ensemble_.DriveUntil([&] { return ensemble_.last.want_hooks.has_value(); }));
  ensemble_.stop_requested = true;
  EXPECT_TRUE(ensemble_.Step());
  EXPECT_TRUE(ensemble_.last.interrupted);
}

}  // namespace
}  // namespace zoowarden::core
