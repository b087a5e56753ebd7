#include "agent/service/self_watch.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

using model::OperationState;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Signs kSilence{.listener = Listener::kSilent};

TEST(SelfWatchTest, TheThirdSilentLookInARowIsTheEnd) {
  SelfWatch watch;
  EXPECT_EQ(watch.Note(kSilence), Health::kPoor);
  EXPECT_EQ(watch.Note(kSilence), Health::kPoor);
  EXPECT_EQ(watch.Note({}), Health::kGood);
  EXPECT_EQ(watch.Note(kSilence), Health::kPoor);
  EXPECT_EQ(watch.Note(kSilence), Health::kPoor);
  EXPECT_EQ(watch.Note(kSilence), Health::kDead);
}

TEST(SelfWatchTest, ALookThatCouldNotBeMadeIsNoSilence) {
  SelfWatch watch;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(watch.Note({.listener = Listener::kNotLooked}), Health::kGood);
  }
  EXPECT_EQ(watch.Note(kSilence), Health::kPoor);
  EXPECT_EQ(watch.Note({.listener = Listener::kNotLooked}), Health::kPoor);
  EXPECT_EQ(watch.Note(kSilence), Health::kPoor);
  EXPECT_EQ(watch.Note(kSilence), Health::kDead);
}

TEST(SelfWatchTest, AListenerAtItsLimitsIsNotDead) {
  SelfWatch watch;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(watch.Note({.listener = Listener::kTurnsAway}), Health::kGood);
  }
}

TEST(SelfWatchTest, HalfAMinuteWithoutADescriptorIsTheEnd) {
  SelfWatch watch;
  Signs signs{.listener = Listener::kTurnsAway, .without_descriptor = milliseconds(30'000)};
  EXPECT_EQ(watch.Note(signs), Health::kGood);
  signs.without_descriptor = milliseconds(30'001);
  EXPECT_EQ(watch.Note(signs), Health::kDead);
}

TEST(SelfWatchTest, AStuckStepStarvesTheWatchdogAndStagingMayTakeLonger) {
  SelfWatch watch;
  const auto note = [&](milliseconds runs, OperationState state) {
    return watch.Note({.listener = Listener::kServes, .step_runs = runs, .state = state});
  };
  EXPECT_EQ(note(seconds(119), OperationState::kStopping), Health::kGood);
  EXPECT_EQ(note(minutes(2), OperationState::kStopping), Health::kPoor);
  EXPECT_EQ(note(minutes(29), OperationState::kStaging), Health::kGood);
  EXPECT_EQ(note(minutes(30), OperationState::kStaging), Health::kPoor);
}

}  // namespace
}  // namespace zoowarden::agent
