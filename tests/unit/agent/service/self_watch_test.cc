#include "agent/service/self_watch.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

using model::OperationState;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(SelfWatchTest, TheThirdSilentProbeInARowIsTheEnd) {
  SelfWatch watch;
  EXPECT_EQ(watch.Note(false, seconds(0), OperationState::kIdle), Health::kPoor);
  EXPECT_EQ(watch.Note(false, seconds(0), OperationState::kIdle), Health::kPoor);
  EXPECT_EQ(watch.Note(true, seconds(0), OperationState::kIdle), Health::kGood);
  EXPECT_EQ(watch.Note(false, seconds(0), OperationState::kIdle), Health::kPoor);
  EXPECT_EQ(watch.Note(false, seconds(0), OperationState::kIdle), Health::kPoor);
  EXPECT_EQ(watch.Note(false, seconds(0), OperationState::kIdle), Health::kDead);
}

TEST(SelfWatchTest, AStuckStepStarvesTheWatchdogAndStagingMayTakeLonger) {
  SelfWatch watch;
  EXPECT_EQ(watch.Note(true, seconds(119), OperationState::kStopping), Health::kGood);
  EXPECT_EQ(watch.Note(true, minutes(2), OperationState::kStopping), Health::kPoor);
  EXPECT_EQ(watch.Note(true, minutes(29), OperationState::kStaging), Health::kGood);
  EXPECT_EQ(watch.Note(true, minutes(30), OperationState::kStaging), Health::kPoor);
}

}  // namespace
}  // namespace zoowarden::agent
