#include "zk/properties.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace zoowarden::zk {
namespace {

std::vector<Property> Parse(std::string_view text) {
  auto parsed = ParseProperties(text, "zoo.cfg");
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message());
  return parsed ? *parsed : std::vector<Property>();
}

Property Make(std::string key, std::string value) {
  return {.key = std::move(key), .value = std::move(value)};
}

using Expected = std::vector<Property>;

TEST(PropertiesTest, SeparatorsAreEqualsColonOrBlank) {
  EXPECT_EQ(Parse("a=1\nb:2\nc 3\n d = 4\ne\t:\t5\nf\ng==7\nh = = 8"),
            (Expected{Make("a", "1"),
                      Make("b", "2"),
                      Make("c", "3"),
                      Make("d", "4"),
                      Make("e", "5"),
                      Make("f", ""),
                      Make("g", "=7"),
                      Make("h", "= 8")}));
}

TEST(PropertiesTest, CommentsAndBlankLinesAreSkipped) {
  EXPECT_EQ(Parse("# a=1\n  ! b=2\n\n \t\nc=#3\r\nd=4\r# e=5"),
            (Expected{Make("c", "#3"), Make("d", "4")}));
}

TEST(PropertiesTest, BackslashContinuesALineAndACommentNever) {
  EXPECT_EQ(Parse("a=1\\\n   2\\\r\n3\n# x \\\nb=4\n"),
            (Expected{Make("a", "123"), Make("b", "4")}));
  EXPECT_EQ(Parse("\\\n#a=1"), (Expected{Make("#a", "1")}));
  EXPECT_EQ(Parse("a=1\\\\\nb=2"), (Expected{Make("a", "1\\"), Make("b", "2")}));
  EXPECT_EQ(Parse("a=1\\"), (Expected{Make("a", "1")}));
}

TEST(PropertiesTest, EscapesStandForTheirCharacters) {
  EXPECT_EQ(Parse("a\\=b\\ c=\\ x\\ty\\u00e9\\q\\uD83D\\uDE00"),
            (Expected{Make("a=b c", " x\ty\xc3\xa9q\xf0\x9f\x98\x80")}));
  // A byte above ASCII is one Latin-1 character for Java, whatever the editor meant.
  EXPECT_EQ(Parse("a=\xe9"), (Expected{Make("a", "\xc3\xa9")}));
}

TEST(PropertiesTest, BlanksAfterAValueAreKept) {
  EXPECT_EQ(Parse("a=1  \n"), (Expected{Make("a", "1  ")}));
}

TEST(PropertiesTest, PlacesAreLinesAndColumns) {
  const auto properties = Parse("# c\n\n  key = value\n");
  ASSERT_EQ(properties.size(), 1U);
  EXPECT_EQ(properties[0].line, 3);
  EXPECT_EQ(properties[0].column, 3);
  EXPECT_EQ(properties[0].value_column, 9);
}

TEST(PropertiesTest, MalformedEscapeNamesItsPlace) {
  for (const auto* text : {"ok=1\nab=x\\u12g4", "ok=1\nab=x\\uD83D", "ok=1\nab=x\\u12"}) {
    const auto parsed = ParseProperties(text, "zoo.cfg");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason(), "zoo_cfg.syntax");
    EXPECT_TRUE(parsed.error().message().starts_with("zoo.cfg:2:5: ")) << parsed.error().message();
  }
}

TEST(PropertiesTest, TooLargeTextIsRefused) {
  EXPECT_FALSE(ParseProperties(std::string((1U << 20U) + 1, '#'), "zoo.cfg"));
}

// Characters that the format treats specially, plus some from every UTF-8 length.
std::string Characters(const std::vector<int>& picks) {
  static const std::vector<std::string> kAlphabet = {"a",
                                                     "B",
                                                     "7",
                                                     ".",
                                                     "=",
                                                     ":",
                                                     " ",
                                                     "\t",
                                                     "\n",
                                                     "\r",
                                                     "\f",
                                                     "\\",
                                                     "#",
                                                     "!",
                                                     "u",
                                                     "n",
                                                     std::string(1, '\0'),
                                                     "\x01",
                                                     "\x7f",
                                                     "\xc3\xa9",
                                                     "\xe2\x82\xac",
                                                     "\xf0\x9f\x98\x80"};
  std::string text;
  for (const int pick : picks) {
    text += kAlphabet[static_cast<std::size_t>(pick) % kAlphabet.size()];
  }
  return text;
}

TEST(PropertiesTest, PrintedPropertiesParseToThemselves) {
  EXPECT_TRUE(rc::check("parse(print(x)) == x", [] {
    const auto picks = rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 22));
    std::vector<Property> properties;
    const auto count = *rc::gen::inRange(0, 5);
    for (int i = 0; i < count; ++i) {
      properties.push_back(Make(Characters(*picks), Characters(*picks)));
    }
    const auto parsed = ParseProperties(PrintProperties(properties), "p");
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(*parsed == properties);
  }));
}

TEST(PropertiesTest, ParsedTextPrintsToAFixedPoint) {
  EXPECT_TRUE(rc::check("print(parse(print(parse(t)))) == print(parse(t))", [] {
    const auto text = Characters(*rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 22)));
    const auto first = ParseProperties(text, "p");
    if (first) {
      const auto again = ParseProperties(PrintProperties(*first), "p");
      RC_ASSERT(again.has_value());
      RC_ASSERT(*again == *first);
    }
  }));
}

}  // namespace
}  // namespace zoowarden::zk
