#include "tests/load/gap_meter.h"

#include <gtest/gtest.h>

namespace zoowarden::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class GapMeterTest : public testing::Test {
 protected:
  void AcknowledgeAfter(microseconds gap) {
    now_ += gap;
    meter_.Acknowledge();
  }

  std::chrono::steady_clock::time_point now_;
  GapMeter meter_{[this] { return now_; }};
};

TEST_F(GapMeterTest, NothingAcknowledgedIsNoGap) {
  meter_.Finish();
  EXPECT_EQ(meter_.acknowledged(), 0U);
  EXPECT_EQ(meter_.LongestMilliseconds(), 0);
  EXPECT_EQ(meter_.P99Milliseconds(), 0);
}

TEST_F(GapMeterTest, OneLongGapAmongHundredsIsTheLongestAndNotTheP99) {
  AcknowledgeAfter(milliseconds(5000));  // before the first write there is no gap
  for (int i = 0; i < 299; ++i) {
    AcknowledgeAfter(microseconds(2500));
  }
  AcknowledgeAfter(milliseconds(900));
  EXPECT_EQ(meter_.acknowledged(), 301U);
  EXPECT_DOUBLE_EQ(meter_.LongestMilliseconds(), 900);
  EXPECT_DOUBLE_EQ(meter_.P99Milliseconds(), 2.51);
}

TEST_F(GapMeterTest, TheP99IsAboveAsSoonAsMoreThanOneInAHundredIs) {
  AcknowledgeAfter(milliseconds(0));
  for (int i = 0; i < 98; ++i) {
    AcknowledgeAfter(milliseconds(1));
  }
  AcknowledgeAfter(milliseconds(300));
  AcknowledgeAfter(milliseconds(300));
  EXPECT_DOUBLE_EQ(meter_.P99Milliseconds(), 300);
}

TEST_F(GapMeterTest, AnOutageUntilTheEndCounts) {
  AcknowledgeAfter(milliseconds(1));
  now_ += milliseconds(7000);
  meter_.Finish();
  EXPECT_DOUBLE_EQ(meter_.LongestMilliseconds(), 7000);
}

TEST_F(GapMeterTest, GapsBeyondTheScaleAreStillGaps) {
  AcknowledgeAfter(milliseconds(1));
  AcknowledgeAfter(std::chrono::hours(2));
  EXPECT_DOUBLE_EQ(meter_.LongestMilliseconds(), 7'200'000);
  EXPECT_DOUBLE_EQ(meter_.P99Milliseconds(), 60'000);
}

}  // namespace
}  // namespace zoowarden::load
