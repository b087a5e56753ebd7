#include "model/ids.h"

#include <gtest/gtest.h>

namespace zoowarden::model {
namespace {

TEST(ZxidTest, ComparesAsOneSixtyFourBitNumber) {
  EXPECT_LT(Zxid{0x1ffffffff}, Zxid{0x200000000});
  EXPECT_LT(Zxid{0x7fffffffffffffff}, Zxid{0x8000000000000000});
  EXPECT_EQ(Zxid{0x100000002}.ToString(), "0x100000002");
  EXPECT_EQ(Zxid{}.ToString(), "0x0");
}

}  // namespace
}  // namespace zoowarden::model
