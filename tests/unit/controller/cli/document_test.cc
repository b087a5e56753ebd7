#include "controller/cli/document.h"

#include "controller/cli/table.h"
#include "controller/cli/times.h"

#include <gtest/gtest.h>

#include <limits>

namespace zoowarden::controller {
namespace {

using std::chrono::milliseconds;

Document Sample() {
  return Document::Map({{"b", 1},
                        {"a", Document::List{true, Document(), "x\"\n", 1.5}},
                        {"big", std::numeric_limits<std::uint64_t>::max()},
                        {"none", Document::List()},
                        {"map", Document::Map({})}});
}

TEST(DocumentTest, JsonKeepsTheOrderOfFields) {
  EXPECT_EQ(Sample().ToJson(), R"({
  "b": 1,
  "a": [
    true,
    null,
    "x\"\n",
    1.5
  ],
  "big": 18446744073709551615,
  "none": [],
  "map": {}
}
)");
}

TEST(DocumentTest, YamlTextIsAlwaysQuoted) {
  EXPECT_EQ(Document::Map({{"a", "true"}, {"b", true}, {"c", "12"}, {"d", Document()}}).ToYaml(),
            "a: \"true\"\nb: true\nc: \"12\"\nd: ~\n");
}

TEST(DocumentTest, JsonThatWasWrittenIsReadBack) {
  const auto back = Document::FromJson(Sample().ToJson());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->ToJson(), Sample().ToJson());
  EXPECT_EQ(back->ToYaml(), Sample().ToYaml());
}

TEST(DocumentTest, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(Document("\xff").ToJson(), "\"\xEF\xBF\xBD\"\n");
}

TEST(DocumentTest, GarbageIsAnError) {
  EXPECT_FALSE(Document::FromJson("{\"a\":"));
  EXPECT_FALSE(Document::FromJson(""));
}

TEST(DocumentTest, SetReplacesAndFindFinds) {
  Document map;
  map.Set("a", 1).Set("b", 2).Set("a", 3);
  EXPECT_EQ(std::get<std::int64_t>(map.Find("a")->value()), 3);
  EXPECT_EQ(map.Find("c"), nullptr);
  EXPECT_EQ(Document(1).Find("a"), nullptr);
}

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"A", "LONG"});
  table.Add({"wide cell", ""});
  table.Add({"é", "x"});
  EXPECT_EQ(table.ToText(), "A          LONG\nwide cell  -\né          x\n");
}

TEST(TableTest, ControlCharactersAreGone) {
  Table table({"A"});
  table.Add({"\x1b[31m"});
  EXPECT_EQ(table.ToText(), "A\n?[31m\n");
}

TEST(TimesTest, DurationsReadWell) {
  EXPECT_EQ(DurationText(milliseconds(0)), "0.0s");
  EXPECT_EQ(DurationText(milliseconds(450)), "0.4s");
  EXPECT_EQ(DurationText(milliseconds(12'900)), "12s");
  EXPECT_EQ(DurationText(milliseconds(185'000)), "3m 05s");
  EXPECT_EQ(DurationText(milliseconds(7'800'000)), "2h 10m");
  EXPECT_EQ(DurationText(milliseconds(-5)), "0.0s");
}

TEST(TimesTest, HostileTimesAreCut) {
  EXPECT_EQ(Timestamp(milliseconds(std::numeric_limits<std::int64_t>::max())),
            "9999-12-31T23:59:59Z");
  EXPECT_EQ(Timestamp(milliseconds(-1)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(TimestampWithMilliseconds(milliseconds(1'700'000'000'007)), "2023-11-14T22:13:20.007Z");
}

}  // namespace
}  // namespace zoowarden::controller
