#include "base/back_off.h"

#include <gtest/gtest.h>

namespace zoowarden::base {
namespace {

TEST(BackOffTest, DoublesFromOneSecondAndStaysAtThirty) {
  constexpr int kSeconds[] = {1, 2, 4, 8, 16, 30, 30};
  int failures = 0;
  for (const int seconds : kSeconds) {
    EXPECT_EQ(BackOff(++failures), std::chrono::seconds(seconds)) << failures;
  }
  EXPECT_EQ(BackOff(1'000'000), kLongestBackOff);
}

}  // namespace
}  // namespace zoowarden::base
