#include "core/version_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::core {
namespace {

using model::Version;
using ::testing::HasSubstr;

std::vector<std::string> Ids(const std::vector<RuleFinding>& findings, RuleSeverity severity) {
  std::vector<std::string> ids;
  for (const auto& finding : findings) {
    if (finding.severity == severity) {
      ids.push_back(finding.id);
    }
  }
  return ids;
}

TEST(VersionRulesTest, AnOrdinaryUpgradeHasNoFindings) {
  EXPECT_TRUE(CheckTarget(Version{3, 8, 4}, Version{3, 9, 4}).empty());
  EXPECT_TRUE(CheckTarget(Version{3, 9, 4}, Version{3, 9, 5}).empty());
  EXPECT_TRUE(CheckWayBack(Version{3, 9, 4}, Version{3, 8, 4}).empty());
}

TEST(VersionRulesTest, ReleasesThatLoseDataAreNoTargets) {
  struct Denied {
    Version version;
    std::string id;
    std::string text;
  };
  for (const auto& denied : std::vector<Denied>{
           {{3, 9, 3}, "version.data_loss.4925", "ZOOKEEPER-4925"},
           {{3, 9, 1}, "version.unsynced_follower.4785", "ZOOKEEPER-4785"},
           {{3, 8, 4}, "version.unsynced_follower.4785", "Use 3.8.6"},
           {{3, 6, 0}, "version.rejoin.3758", "ZOOKEEPER-3758"},
           {{3, 5, 6}, "version.split_brain.3701", "ZOOKEEPER-3701"},
       }) {
    const auto findings = CheckTarget(Version{3, 7, 2}, denied.version);
    EXPECT_THAT(Ids(findings, RuleSeverity::kRefuse), ::testing::ElementsAre(denied.id));
    EXPECT_THAT(findings.front().text, HasSubstr(denied.text));
  }
}

TEST(VersionRulesTest, TheRefusalOf393NamesTheVersionsThatHaveTheFix) {
  const auto findings = CheckTarget(Version{3, 8, 4}, Version{3, 9, 3});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].text, HasSubstr("version 3.9.3 is refused as a new target"));
  EXPECT_THAT(findings[0].text, HasSubstr("Use 3.9.4 or later"));
}

TEST(VersionRulesTest, AConfigurationRollStaysOnWhatRuns) {
  EXPECT_TRUE(CheckTarget(Version{3, 9, 3}, Version{3, 9, 3}).empty());
  EXPECT_TRUE(CheckTarget(Version{3, 4, 14}, Version{3, 4, 14}).empty());
}

TEST(VersionRulesTest, AFirstInstallationObeysTargetRules) {
  EXPECT_FALSE(CheckTarget(std::nullopt, Version{3, 9, 3}).empty());
  EXPECT_TRUE(CheckTarget(std::nullopt, Version{3, 9, 5}).empty());
}

TEST(VersionRulesTest, UnknownLinesAreUnsupported) {
  for (const auto version :
       {Version{3, 4, 14}, Version{3, 5, 4}, Version{3, 10, 0}, Version{4, 0, 0}}) {
    EXPECT_THAT(Ids(CheckTarget(Version{3, 8, 6}, version), RuleSeverity::kRefuse),
                ::testing::Contains("version.unsupported"))
        << version.ToString();
  }
}

TEST(VersionRulesTest, DowngradesAndSkippedLinesAreWarned) {
  EXPECT_THAT(Ids(CheckTarget(Version{3, 9, 4}, Version{3, 8, 6}), RuleSeverity::kWarn),
              ::testing::ElementsAre("version.downgrade"));
  EXPECT_THAT(Ids(CheckTarget(Version{3, 6, 4}, Version{3, 9, 4}), RuleSeverity::kWarn),
              ::testing::ElementsAre("version.skips_lines"));
}

TEST(VersionRulesTest, ThereIsNoWayBackTo34) {
  EXPECT_THAT(Ids(CheckWayBack(Version{3, 8, 6}, Version{3, 4, 14}), RuleSeverity::kRefuse),
              ::testing::ElementsAre("version.way_back.3_4"));
  EXPECT_TRUE(CheckWayBack(Version{3, 4, 14}, Version{3, 4, 13}).empty());
}

}  // namespace
}  // namespace zoowarden::core
