#include "controller/run/write_gaps.h"

#include <gtest/gtest.h>

namespace zoowarden::controller {
namespace {

using std::chrono::milliseconds;

class WriteGapsTest : public ::testing::Test {
 protected:
  void Try(milliseconds takes, WriteTry how, milliseconds pause = milliseconds(50)) {
    gaps_.Begin(now_);
    now_ += takes;
    gaps_.End(now_, how);
    now_ += pause;
  }

  model::Instant now_{1'000};
  WriteGaps gaps_;
};

TEST_F(WriteGapsTest, AWriteThatIsCommittedWaitedAsLongAsItTook) {
  Try(milliseconds(7), WriteTry::kCommitted, milliseconds(200));
  Try(milliseconds(9), WriteTry::kCommitted, milliseconds(200));
  Try(milliseconds(4), WriteTry::kCommitted);
  const auto seen = gaps_.Take();
  EXPECT_EQ(seen.committed, 3U);
  EXPECT_EQ(seen.longest, milliseconds(9)) << "pauses between writes are nobody's gap";
  EXPECT_EQ(seen.unmeasured, milliseconds(0));
}

TEST_F(WriteGapsTest, AGapIsAllTriesAndPausesUntilTheWriteIsCommitted) {
  Try(milliseconds(10), WriteTry::kNotCommitted);
  Try(milliseconds(20), WriteTry::kNotCommitted);
  Try(milliseconds(30), WriteTry::kCommitted);
  EXPECT_EQ(gaps_.Take().longest, milliseconds(10 + 50 + 20 + 50 + 30));
}

TEST_F(WriteGapsTest, AWriteThatNeverCameBackCountsAsLongAsItHasWaited) {
  for (int i = 0; i < 5; ++i) {
    Try(milliseconds(1'000), WriteTry::kNotCommitted);
  }
  const auto seen = gaps_.Take();
  EXPECT_EQ(seen.committed, 0U);
  EXPECT_EQ(seen.longest, milliseconds(5'000 + 4 * 50));
}

TEST_F(WriteGapsTest, AGapGoesOnOverReadings) {
  Try(milliseconds(1'000), WriteTry::kNotCommitted);
  EXPECT_EQ(gaps_.Take().longest, milliseconds(1'000));
  EXPECT_TRUE(gaps_.Waits());
  Try(milliseconds(500), WriteTry::kCommitted);
  EXPECT_EQ(gaps_.Take().longest, milliseconds(1'550));
  EXPECT_FALSE(gaps_.Waits());
  EXPECT_EQ(gaps_.Take().longest, milliseconds(0));
}

TEST_F(WriteGapsTest, WhoCannotAskKnowsNothing) {
  Try(milliseconds(2'000), WriteTry::kUnasked);
  Try(milliseconds(2'000), WriteTry::kUnasked);
  Try(milliseconds(5), WriteTry::kCommitted);
  const auto seen = gaps_.Take();
  EXPECT_EQ(seen.longest, milliseconds(55)) << "the pause before the try that was heard";
  EXPECT_EQ(seen.unmeasured, milliseconds(2'000 + 50 + 2'000));
}

TEST_F(WriteGapsTest, AnAgentThatIsSilentInTheMiddleOfAGapMakesItNoLonger) {
  Try(milliseconds(100), WriteTry::kNotCommitted);
  Try(milliseconds(2'000), WriteTry::kUnasked);
  Try(milliseconds(100), WriteTry::kCommitted);
  const auto seen = gaps_.Take();
  EXPECT_EQ(seen.longest, milliseconds(100 + 50 + 100));
  EXPECT_EQ(seen.unmeasured, milliseconds(50 + 2'000));
}

TEST_F(WriteGapsTest, AMachineThatSleptHasSeenNoGap) {
  Try(milliseconds(3'600'000), WriteTry::kNotCommitted);
  Try(milliseconds(10), WriteTry::kNotCommitted, milliseconds(3'600'000));
  Try(milliseconds(10), WriteTry::kCommitted);
  const auto seen = gaps_.Take();
  EXPECT_LE(seen.longest, milliseconds(200));
  EXPECT_GE(seen.unmeasured, milliseconds(2 * 3'600'000));
}

TEST_F(WriteGapsTest, AWriterThatRestedBeginsAnew) {
  Try(milliseconds(900), WriteTry::kNotCommitted);
  gaps_.Rest();
  now_ += milliseconds(3'000);
  Try(milliseconds(10), WriteTry::kCommitted);
  const auto seen = gaps_.Take();
  EXPECT_EQ(seen.longest, milliseconds(900));
  EXPECT_EQ(seen.unmeasured, milliseconds(0));
}

}  // namespace
}  // namespace zoowarden::controller
