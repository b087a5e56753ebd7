#include "base/counted.h"

#include <gtest/gtest.h>

namespace zoowarden::base {
namespace {

TEST(CountedTest, OneHasNoPlural) {
  EXPECT_EQ(Counted(0, "ensemble"), "0 ensembles");
  EXPECT_EQ(Counted(1, "ensemble"), "1 ensemble");
  EXPECT_EQ(Counted(21, "server"), "21 servers");
}

}  // namespace
}  // namespace zoowarden::base
