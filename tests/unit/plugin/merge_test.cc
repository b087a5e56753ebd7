#include "plugin/merge.h"

#include <gtest/gtest.h>

namespace zoowarden::plugin {
namespace {

std::optional<std::string> AnythingGoes(std::string_view /*key*/, std::string_view /*value*/) {
  return std::nullopt;
}

std::vector<Layer> ThreeLayers() {
  return {{"plugin file", {{"tickTime", {"1000", "a:1:1"}}, {"initLimit", {"10", "a:2:1"}}}},
          {"plugin exec", {{"tickTime", {"1500", "output:1:1"}}}},
          {"ensemble.yaml", {{"tickTime", {"2000", "e:9:5"}}, {"syncLimit", {"5", "e:9:9"}}}}};
}

TEST(MergeTest, LaterLayersWinAndEveryValueIsTraced) {
  const auto merged = MergeSettings(ThreeLayers(), AnythingGoes);
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->Plain(),
            (std::map<std::string, std::string>{
                {"initLimit", "10"}, {"syncLimit", "5"}, {"tickTime", "2000"}}));
  EXPECT_EQ(merged->Explain("tickTime"),
            (std::vector<std::string>{"tickTime = 2000 (ensemble.yaml, e:9:5)",
                                      "instead of 1500 (plugin exec, output:1:1)",
                                      "instead of 1000 (plugin file, a:1:1)"}));
  EXPECT_EQ(merged->Explain("initLimit"),
            (std::vector<std::string>{"initLimit = 10 (plugin file, a:2:1)"}));
  EXPECT_TRUE(merged->Explain("nothing").empty());
}

TEST(MergeTest, TheDigestPinsValuesAndNotTheirOrigins) {
  const auto digest = [](const SourceValues& values) {
    return MergeSettings({{"x", values}}, AnythingGoes).value().digest;
  };
  EXPECT_EQ(digest({{"a", {"1", "here"}}}), digest({{"a", {"1", "there"}}}));
  EXPECT_NE(digest({{"a", {"1", ""}}}), digest({{"a", {"2", ""}}}));
  // The same letters cut elsewhere.
  EXPECT_NE(digest({{"a", {"1\n1:b=1:2", ""}}}), digest({{"a", {"1", ""}}, {"b", {"2", ""}}}));
}

TEST(MergeTest, ARefusedSettingNamesItsLayerAndOrigin) {
  const auto merged =
      MergeSettings(ThreeLayers(),
                    [](std::string_view key, std::string_view value) -> std::optional<std::string> {
                      return key == "tickTime" && value == "1500" ? std::optional<std::string>("no")
                                                                  : std::nullopt;
                    });
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().reason(), "plugin.bad_setting");
  EXPECT_EQ(merged.error().message(), "plugin exec, output:1:1: no");
}

}  // namespace
}  // namespace zoowarden::plugin
