// Twenty modelled ensembles, decided upon one situation at a time.
#include "core/fleet.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace zoowarden::core {
namespace {

using model::WallTime;
using testing::ElementsAre;
using testing::IsEmpty;
using Indices = std::vector<std::size_t>;

constexpr WallTime kNow{1'000'000'000};
constexpr WallTime kMinute{60'000};

// 0 and 1 are the canary, 2–9 the first half, 10–19 the rest.
FleetInput Twenty(model::FleetPolicy policy = {.concurrency = 4}) {
  FleetInput input{.policy = policy, .now = kNow};
  input.ensembles.resize(20);
  input.waves = {{"canary", {0, 1}}, {"half", {}}, {"rest", {}}};
  for (std::size_t i = 2; i < 20; ++i) {
    input.waves[i < 10 ? 1 : 2].ensembles.push_back(i);
  }
  return input;
}

void Put(FleetInput& input, const Indices& which, EnsembleState state, WallTime ended = kNow) {
  for (const auto index : which) {
    input.ensembles[index] = {.state = state, .ended = ended};
  }
}

std::string Told(const FleetDecision& decision) {
  constexpr const char* kSteps[] = {"begin", "verify", "wait", "ended", "halted"};
  constexpr const char* kReasons[] = {"none", "running", "soak", "window", "budget"};
  std::string text = std::string(kSteps[static_cast<int>(decision.step)]) + " " +
                     kReasons[static_cast<int>(decision.reason)];
  for (const auto index : decision.ensembles) {
    text += " " + std::to_string(index);
  }
  if (decision.until) {
    text += " until +" + std::to_string((*decision.until - kNow).count() / kMinute.count()) + "m";
  }
  return text;
}

std::string Decided(const FleetInput& input) { return Told(DecideFleet(input)); }

TEST(FleetTest, TheFirstWaveIsBegunAndNoLaterOne) {
  EXPECT_EQ(Decided(Twenty()), "begin none 0 1");
  EXPECT_EQ(Decided(Twenty({.concurrency = 1})), "begin none 0");
}

TEST(FleetTest, AsManyRunAsMayAndTheNextBeginsWhenOneEnds) {
  auto input = Twenty();
  Put(input, {0, 1}, EnsembleState::kSucceeded);
  Put(input, {2, 3, 4, 5}, EnsembleState::kRunning);
  EXPECT_EQ(Decided(input), "wait running");
  Put(input, {3}, EnsembleState::kNothingToDo);
  EXPECT_EQ(Decided(input), "begin none 6");
}

TEST(FleetTest, AWaveWaitsForTheLastOneOfTheWaveBefore) {
  auto input = Twenty();
  Put(input, {0}, EnsembleState::kSucceeded);
  Put(input, {1}, EnsembleState::kRunning);
  EXPECT_EQ(Decided(input), "wait running");
}

TEST(FleetTest, AWaveSoaksFromItsLastEndAndIsVerifiedBeforeTheNext) {
  auto input = Twenty({.concurrency = 4, .soak = 30 * kMinute});
  Put(input, {0}, EnsembleState::kSucceeded, kNow - 20 * kMinute);
  Put(input, {1}, EnsembleState::kSucceeded, kNow - 10 * kMinute);
  EXPECT_EQ(Decided(input), "wait soak until +20m");
  input.now += 20 * kMinute;
  EXPECT_EQ(Decided(input), "verify none 0 1");
  input.ensembles[0].verified = true;
  EXPECT_EQ(Decided(input), "verify none 1");
  input.ensembles[1].verified = true;
  EXPECT_EQ(Decided(input), "begin none 2 3 4 5");
}

TEST(FleetTest, WhatWasNotInOrderIsLookedAtAgainWhateverSoakAndWavesSay) {
  for (const std::size_t index : {1U, 15U}) {
    auto input = Twenty({.concurrency = 2});
    Put(input, {index}, EnsembleState::kUnhealthy);
    EXPECT_EQ(Decided(input), "halted budget");
    input.ensembles[index].look_again = true;
    EXPECT_EQ(Decided(input), "verify none " + std::to_string(index));
    EXPECT_EQ(DecideFleet(input).failed, 1U);
  }
}

TEST(FleetTest, WhereNothingWasDoneNothingSoaks) {
  auto input = Twenty({.concurrency = 1, .soak = 30 * kMinute});
  Put(input, {0, 1}, EnsembleState::kNothingToDo);
  EXPECT_EQ(Decided(input), "begin none 2");
}

TEST(FleetTest, NothingSoaksAfterTheLastWave) {
  auto input = Twenty({.concurrency = 1, .soak = 30 * kMinute});
  for (std::size_t i = 0; i < 20; ++i) {
    input.ensembles[i] = {.state = EnsembleState::kSucceeded, .ended = kNow, .verified = i < 10};
  }
  input.now = kNow + 30 * kMinute;
  EXPECT_EQ(Decided(input), "ended none");
}

TEST(FleetTest, OneMoreFailureThanTheBudgetHaltsTheRest) {
  for (const auto state : {EnsembleState::kRolledBack,
                           EnsembleState::kHalted,
                           EnsembleState::kStuck,
                           EnsembleState::kRefused,
                           EnsembleState::kFailed,
                           EnsembleState::kUnhealthy}) {
    auto input = Twenty({.concurrency = 2, .error_budget = 1});
    Put(input, {0}, EnsembleState::kSucceeded);
    Put(input, {1}, state);
    EXPECT_EQ(Decided(input), "begin none 2 3") << EnsembleStateName(state);
    Put(input, {2}, state);
    EXPECT_EQ(Decided(input), "halted budget") << EnsembleStateName(state);
    EXPECT_EQ(DecideFleet(input).failed, 2U);
    Put(input, {3}, EnsembleState::kRunning);
    EXPECT_EQ(Decided(input), "wait budget") << EnsembleStateName(state);
  }
}

TEST(FleetTest, TheFleetHasEndedWithFailuresInTheBudget) {
  auto input = Twenty({.concurrency = 2, .error_budget = 1});
  for (std::size_t i = 0; i < 20; ++i) {
    Put(input, {i}, i == 7 ? EnsembleState::kRolledBack : EnsembleState::kSucceeded);
  }
  EXPECT_EQ(Decided(input), "ended none");
}

TEST(FleetTest, WhatIsOpenGoesOnFirstWhateverBudgetAndWindowSay) {
  auto input = Twenty({.concurrency = 2});
  input.windows.emplace();
  input.windows_known_until = kNow + 10 * kMinute;
  Put(input, {0, 1}, EnsembleState::kStuck);
  Put(input, {2, 3, 12}, EnsembleState::kOpen);
  EXPECT_EQ(Decided(input), "begin none 2 3");
  Put(input, {2, 3}, EnsembleState::kRunning);
  EXPECT_EQ(Decided(input), "wait running");
  Put(input, {2, 3}, EnsembleState::kSucceeded);
  EXPECT_EQ(Decided(input), "begin none 12");
}

TEST(FleetTest, NoneBeginsOutsideAWindowOrTooCloseToItsEnd) {
  auto input = Twenty({.concurrency = 4, .time_needed = 20 * kMinute});
  input.windows = {{kNow - 50 * kMinute, kNow + 10 * kMinute},
                   {kNow + 30 * kMinute, kNow + 40 * kMinute},
                   {kNow + 60 * kMinute, kNow + 90 * kMinute}};
  input.windows_known_until = kNow + 100 * kMinute;
  EXPECT_EQ(Decided(input), "wait window until +60m");
  Put(input, {0}, EnsembleState::kRunning);
  EXPECT_EQ(Decided(input), "wait window until +60m");
  input.now = kNow + 60 * kMinute;
  EXPECT_EQ(Decided(input), "begin none 1");
  input.now = kNow + 70 * kMinute;
  EXPECT_EQ(Decided(input), "begin none 1");
  input.now = kNow + 71 * kMinute;
  EXPECT_EQ(Decided(input), "wait window until +100m");
}

TEST(FleetTest, AWindowIsOpenFromItsFirstMomentUntilBeforeItsLast) {
  auto input = Twenty();
  input.windows_known_until = kNow + 100 * kMinute;
  input.windows = {{kNow, kNow + kMinute}};
  EXPECT_EQ(DecideFleet(input).step, FleetStep::kBegin);
  input.now = kNow + kMinute;
  EXPECT_EQ(DecideFleet(input).step, FleetStep::kWait);
}

TEST(FleetTest, NamesAreTheSameBothWays) {
  for (int i = 0; i <= static_cast<int>(EnsembleState::kUnhealthy); ++i) {
    const auto state = static_cast<EnsembleState>(i);
    EXPECT_EQ(ParseEnsembleState(EnsembleStateName(state)), state);
  }
  EXPECT_FALSE(ParseEnsembleState("done"));
}

}  // namespace
}  // namespace zoowarden::core
