#include "base/error.h"

#include <gtest/gtest.h>

namespace zoowarden::base {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) {
    return Fail(ErrorCode::kInvalidArgument, "number.odd", "3 is odd");
  }
  return value / 2;
}

Result<int> Quarter(int value) {
  ZW_ASSIGN(const int half, Half(value));
  return Half(half);
}

Status CheckQuarter(int value) {
  ZW_TRY(Quarter(value));
  return Ok();
}

TEST(ErrorTest, MacrosPassTheErrorOn) {
  EXPECT_EQ(*Quarter(8), 2);
  const auto failed = Quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().Is(ErrorCode::kInvalidArgument));
  EXPECT_EQ(failed.error().reason(), "number.odd");
  EXPECT_FALSE(CheckQuarter(6));
  EXPECT_TRUE(CheckQuarter(8));
}

TEST(ErrorTest, ContextsStandOutermostFirst) {
  const auto error =
      Error(ErrorCode::kUnavailable, "refused").WithContext("connecting").WithContext("server 3");
  EXPECT_EQ(error.message(), "server 3: connecting: refused");
}

}  // namespace
}  // namespace zoowarden::base
