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

TEST(TextTest, PrintableTextIsUtf8WhateverCameIn) {
  EXPECT_EQ(Printable("caf\xe9 closed"), "caf? closed");    // Latin-1
  EXPECT_EQ(Printable("\xc0\xaf \xed\xa0\x80"), "?? ???");  // overlong, a surrogate
  EXPECT_EQ(Printable("\xf4\x90\x80\x80\xff"), "?????");    // beyond the last one
  EXPECT_EQ(Printable("\xe2\x82"), "??");                   // ends too early
  EXPECT_EQ(Printable("\xe2\x82\xac \xf0\x9f\x90\x98"), "\xe2\x82\xac \xf0\x9f\x90\x98");
}

TEST(TextTest, NoCharacterIsCutInTwo) {
  const std::string before(299, 'a');
  EXPECT_EQ(Printable(before + "\xc3\xa9"), before + "...");
  EXPECT_EQ(Printable(before.substr(1) + "\xc3\xa9" + "b"), before.substr(1) + "\xc3\xa9...");
  EXPECT_EQ(Printable("\xf0\x9f\x90\x98", 3), "...");
  EXPECT_EQ(Printable("\x80\x80\x80\x80\x80", 3), "???...");
}

TEST(TextTest, NearestNameHelpsOnlyWhenNear) {
  const std::vector<std::string> names = {"tickTime", "initLimit", "syncLimit"};
  EXPECT_EQ(NearestName("ticktime", names), "tickTime");
  EXPECT_EQ(NearestName("sycnLimit", names), "syncLimit");
  EXPECT_EQ(NearestName("colour", names), std::nullopt);
}

}  // namespace
}  // namespace zoowarden::base
