#include "config/yaml_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace zoowarden::config {
namespace {

using std::chrono::milliseconds;

// The message of what reading `text` refuses, or "" when it is taken.
std::string ParseProblem(std::string_view text) {
  const auto value = ReadYaml(text, "f.yaml");
  return value ? "" : value.error().message();
}

YamlValue Root(std::string_view text) { return ReadYaml(text, "f.yaml").value(); }

YamlValue Field(std::string_view text) { return Root(text).OpenMap().value().Find("key").value(); }

template <typename T>
std::string Problem(const base::Result<T>& result) {
  return result ? "" : result.error().message();
}

TEST(YamlReaderTest, SyntaxErrorsHaveAPosition) {
  EXPECT_EQ(ParseProblem("a: 1\nb: [1, 2\n"), "f.yaml:3:1: end of sequence flow not found");
  EXPECT_EQ(ParseProblem("a: 1\n b: 2\n"), "f.yaml:2:3: illegal map value");
  EXPECT_EQ(ParseProblem("a: 1\n---\nb: 2\n"),
            "f.yaml:2:1: a second document: use one document a file");
  EXPECT_EQ(ParseProblem(std::string_view("a: \0", 4)), "f.yaml:1:1: the file is not UTF-8 text");
  EXPECT_EQ(ParseProblem("a: !!binary x\n"),
            "f.yaml:1:4: the tag 'tag:yaml.org,2002:binary' is not supported");
}

TEST(YamlReaderTest, ATabInTheIndentationIsCalledSo) {
  EXPECT_EQ(ParseProblem("a:\n\tb: 1\n"), "f.yaml:2:1: a tab: indent with spaces");
  EXPECT_EQ(ParseProblem("a:\n  b: 1\n  \tc: 2\n"), "f.yaml:3:3: a tab: indent with spaces");
  EXPECT_EQ(ParseProblem("a:\n  b: 1\n\tc: 2\n  d: 3\n"), "f.yaml:3:1: a tab: indent with spaces");
  EXPECT_EQ(Field("key:\t5\n").Number({1, 9}).value(), 5U) << "between key and value it may be";
}

TEST(YamlReaderTest, DuplicateKeysAreRefusedWhereTheyRepeat) {
  EXPECT_EQ(ParseProblem("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n"),
            "f.yaml:5:3: duplicate key 'c', first at line 3");
  EXPECT_EQ(ParseProblem("[1, 2]: x\n"), "f.yaml:1:1: a key must be plain text");
}

TEST(YamlReaderTest, AliasesAreFollowedWithinBounds) {
  const auto root = Root("a: &x {key: 5}\nb: *x\n").OpenMap().value();
  EXPECT_EQ(root.Find("b")->OpenMap()->Find("key")->Number({1, 9}).value(), 5U);
  EXPECT_EQ(ParseProblem("a: &x [*x]\n"), "f.yaml:1:8: this alias contains itself");
}

TEST(YamlReaderTest, NestedAliasesCannotExplode) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) {
      text += "," + before;
    }
    text += "]\n";
  }
  EXPECT_EQ(ParseProblem(text), "f.yaml:5:5: more than 100000 values, aliases expanded");
}

TEST(YamlReaderTest, SizeAndDepthAreBounded) {
  EXPECT_EQ(ParseProblem(std::string((1U << 20U) + 1, 'a')),
            "f.yaml:1:1: the file is larger than 1 MiB");
  EXPECT_EQ(ParseProblem(std::string(65, '[') + std::string(65, ']')),
            "f.yaml:1:65: more than 64 levels of nesting");
  EXPECT_NE(ParseProblem(std::string(100'000, '[')), "");
}

TEST(YamlReaderTest, UnknownKeysAreRefusedWithTheNearestName) {
  const auto near = Root("tick: 1\nsoack: 2\n").Map({"tick", "soak"});
  EXPECT_EQ(Problem(near), "f.yaml:2:1: unknown key 'soack', did you mean 'soak'");
  EXPECT_EQ(near.error().reason(), "config.unknown_key");
  const auto far = Field("key:\n  colour: 1\n").Map({"tick", "soak"});
  EXPECT_EQ(Problem(far), "f.yaml:2:3: unknown key 'colour' in key, known are: tick, soak");
}

TEST(YamlReaderTest, MissingKeysAreNamedWhereTheyShouldBe) {
  const auto missing = Field("x: 1\nkey:\n  a: 1\n").OpenMap().value().Need("b");
  EXPECT_EQ(Problem(missing), "f.yaml:3:3: key needs the key 'b'");
}

TEST(YamlReaderTest, TextIsOneLineWithoutControlCharacters) {
  EXPECT_EQ(Field("key: abc def # note\n").Text().value(), "abc def");
  EXPECT_EQ(Field("key: 3.9.4\n").Text().value(), "3.9.4");
  EXPECT_EQ(Problem(Field("key: \"a\\nb\"\n").Text()),
            "f.yaml:1:6: key has a line break or another control character");
  EXPECT_EQ(Problem(Field("key: ''\n").Text()), "f.yaml:1:6: key must not be empty");
  EXPECT_EQ(Field("key: ''\n").Scalar().value(), "");
  EXPECT_EQ(Problem(Field("key: [a]\n").Text()), "f.yaml:1:6: key must be text, not a list");
  EXPECT_EQ(Problem(Field("a: 1\nkey: ~\n").Text()),
            "f.yaml:2:6: key must be text, not left empty");
}

TEST(YamlReaderTest, NumbersAreWholeAndInRange) {
  EXPECT_EQ(Field("key: 7\n").Number({1, 9}).value(), 7U);
  EXPECT_EQ(Problem(Field("key: 10\n").Number({1, 9})),
            "f.yaml:1:6: key must be a whole number from 1 to 9, not '10'");
  for (const auto* text : {"key: -1\n",
                           "key: 1.5\n",
                           "key: 0x7\n",
                           "key: '7'\n",
                           "key: seven\n",
                           "key: 99999999999999999999\n"}) {
    EXPECT_NE(Problem(Field(text).Number({1, 9})), "") << text;
  }
}

TEST(YamlReaderTest, TruthIsTrueOrFalse) {
  EXPECT_TRUE(Field("key: true\n").Truth().value());
  EXPECT_FALSE(Field("key: false\n").Truth().value());
  EXPECT_EQ(Problem(Field("key: yes\n").Truth()),
            "f.yaml:1:6: key must be true or false, not 'yes'");
}

TEST(YamlReaderTest, DurationsNeedAUnit) {
  const DurationRange range{milliseconds(1), std::chrono::hours(2)};
  EXPECT_EQ(Field("key: 10s\n").Duration(range).value(), milliseconds(10'000));
  EXPECT_EQ(Problem(Field("key: 10\n").Duration(range)),
            "f.yaml:1:6: key must be a duration such as 500ms, 10s or 5m, not '10'");
  EXPECT_EQ(Problem(Field("key: 3h\n").Duration(range)),
            "f.yaml:1:6: key must be from 1ms to 7200000ms, not '3h'");
  EXPECT_EQ(ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(ParseDuration("5m"), milliseconds(300'000));
  EXPECT_EQ(ParseDuration("1h"), milliseconds(3'600'000));
  for (const auto* bad : {"", "s", "1.5s", "-1s", "10 s", "10sec", "18446744073709551615h"}) {
    EXPECT_EQ(ParseDuration(bad), std::nullopt) << bad;
  }
}

TEST(YamlReaderTest, EndpointsAreHostAndPort) {
  EXPECT_EQ(Field("key: zk1.example:7443\n").Endpoint().value(), "zk1.example:7443");
  EXPECT_EQ(Field("key: '[::1]:7443'\n").Endpoint().value(), "[::1]:7443");
  for (const auto* bad :
       {"zk1", "zk1:", ":7443", "zk1:0", "zk1:65536", "a b:1", "::1:7443", "[x]:1"}) {
    EXPECT_EQ(Problem(Field("key: '" + std::string(bad) + "'\n").Endpoint()),
              "f.yaml:1:6: key must be HOST:PORT, not '" + std::string(bad) + "'");
  }
}

TEST(YamlReaderTest, ItemsOfListsAreNamedByTheirPlace) {
  EXPECT_EQ(Problem(Field("key:\n  - a\n  - {b: 1}\n").TextList()),
            "f.yaml:3:5: key[1] must be text, not a map");
}

}  // namespace
}  // namespace zoowarden::config
