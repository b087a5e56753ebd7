#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace zoowarden::base {
namespace {

TEST(LogTest, ANameFromOutsideMakesNoLineOfItsOwn) {
  ::testing::internal::CaptureStderr();
  LogError("operation=x\n2026-01-01T00:00:00 error all is lost\x1b[2J\r");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_TRUE(said.ends_with(" error operation=x 2026-01-01T00:00:00 error all is lost?[2J?\n"))
      << said;
}

}  // namespace
}  // namespace zoowarden::base
