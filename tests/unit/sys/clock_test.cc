#include "sys/manual_clock.h"

#include <gtest/gtest.h>

namespace zoowarden::sys {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ClockTest, BootTimeNeverGoesBack) {
  RealClock clock;
  const auto first = clock.BootTime();
  EXPECT_GT(first.count(), 0);
  EXPECT_GE(clock.BootTime(), first);
}

TEST(ClockTest, WallTimeIsAfterTheYear2020) {
  EXPECT_GT(RealClock().WallTime(), milliseconds(1'577'836'800'000));
}

TEST(ManualClockTest, SleepingMovesBothTimes) {
  ManualClock clock(seconds(5), seconds(100));
  clock.SleepFor(milliseconds(250));
  EXPECT_EQ(clock.BootTime(), milliseconds(5250));
  EXPECT_EQ(clock.WallTime(), milliseconds(100'250));
}

TEST(ManualClockTest, AJumpOfTheWallClockIsNotSeenByBootTime) {
  ManualClock clock(seconds(5), seconds(100'000));
  clock.JumpWall(-hours(1));
  EXPECT_EQ(clock.BootTime(), seconds(5));
  EXPECT_EQ(clock.WallTime(), seconds(96'400));
}

}  // namespace
}  // namespace zoowarden::sys
