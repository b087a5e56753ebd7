#include "base/text.h"

#include <gtest/gtest.h>

namespace zoowarden::base {
namespace {

TEST(TextTest, TrimsAndSplits) {
  EXPECT_EQ(Trim("  a b\r\n"), "a b");
  EXPECT_EQ(Trim(" \t"), "");
  EXPECT_EQ(Split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Join({"a", "", "b"}, ","), "a,,b");
  EXPECT_EQ(Join({"", "a"}, ","), ",a");
}

TEST(TextTest, NumbersMustFillTheWholeText) {
  EXPECT_EQ(ParseUnsigned("42"), 42U);
  EXPECT_EQ(ParseUnsigned("ffffffffffffffff", 16), ~std::uint64_t{0});
  for (const auto* bad : {"", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616"}) {
    EXPECT_EQ(ParseUnsigned(bad), std::nullopt) << bad;
  }
}

TEST(TextTest, TextOfOtherMachinesLosesControlCharacters) {
  EXPECT_EQ(Printable("a\x1b[31mb\nc"), "a?[31mb c");
  EXPECT_EQ(Printable("a\xc2\x9b[31mb"), "a?[31mb");  // CSI of the C1 set, as UTF-8
  EXPECT_EQ(Printable("caf\xc3\xa9 \xc2\xa9"), "caf\xc3\xa9 \xc2\xa9");
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
}

TEST(TextTest, NearestNameHelpsOnlyWhenNear) {
  const std::vector<std::string> names = {"tickTime", "initLimit", "syncLimit"};
  EXPECT_EQ(NearestName("ticktime", names), "tickTime");
  EXPECT_EQ(NearestName("sycnLimit", names), "syncLimit");
  EXPECT_EQ(NearestName("colour", names), std::nullopt);
}

}  // namespace
}  // namespace zoowarden::base
