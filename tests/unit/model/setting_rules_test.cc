#include "model/setting_rules.h"

#include <gtest/gtest.h>

namespace zoowarden::model {
namespace {

TEST(SettingRulesTest, SettingsOfZooKeeperPass) {
  EXPECT_EQ(SettingProblem("tickTime", "2000"), std::nullopt);
  EXPECT_EQ(SettingProblem("4lw.commands.whitelist", "srvr, mntr"), std::nullopt);
  EXPECT_EQ(SettingProblem("ssl.keyStore.password", ""), std::nullopt);
}

TEST(SettingRulesTest, AValueThatZooKeeperCannotReadIsSaid) {
  EXPECT_EQ(SettingValueProblem("tickTime", "fast"),
            "must be a whole number of at most 32 bits, not 'fast'");
  EXPECT_EQ(SettingValueProblem("tickTime", "-5"), "must be at least 1, not '-5'");
  EXPECT_EQ(SettingValueProblem("syncLimit", "0"), "must be at least 1, not '0'");
  EXPECT_TRUE(SettingValueProblem("initLimit", ""));
  EXPECT_TRUE(SettingValueProblem("maxClientCnxns", "2147483648"));
  for (const auto& [key, value] : {std::pair("tickTime", "2000"),
                                   std::pair("maxClientCnxns", "0"),
                                   std::pair("minSessionTimeout", "-1"),
                                   std::pair("initLimit", "@kept-on-server"),
                                   std::pair("4lw.commands.whitelist", "srvr, mntr")}) {
    EXPECT_EQ(SettingValueProblem(key, value), std::nullopt) << key;
  }
}

TEST(SettingRulesTest, OwnedLinesSayWhereTheyComeFrom) {
  EXPECT_EQ(SettingProblem("server.1", "a:1:2"),
            "setting 'server.1' is written by zoowarden: it comes from host, quorum_port, "
            "election_port and role under 'servers'");
  EXPECT_EQ(SettingProblem("dataDir", "/data"),
            "setting 'dataDir' is written by zoowarden: it comes from instance.data_directory of "
            "the server's agent.yaml");
  for (const auto* key : {"group.1", "weight.1", "dynamicConfigFile", "clientPort", "dataLogDir"}) {
    EXPECT_TRUE(SettingProblem(key, "1").has_value()) << key;
  }
  // Near an owned name, and still somebody's setting.
  EXPECT_EQ(SettingProblem("clientPortAddress", "127.0.0.1"), std::nullopt);
}

TEST(SettingRulesTest, AValueCannotBringAnotherLine) {
  EXPECT_EQ(SettingProblem("tickTime", "2000\nserver.1=evil:1:2"),
            "the value of setting 'tickTime' has a line break or another control character");
  EXPECT_TRUE(SettingProblem("tickTime", "2000\r").has_value());
  EXPECT_TRUE(SettingProblem("tickTime", " 2000").has_value());
}

TEST(SettingRulesTest, AKeyCannotBringAnotherKey) {
  for (const auto* key : {"", "a b", "a=b", "a:b", "#a", "!a", "a\nb", "a\\b"}) {
    EXPECT_TRUE(SettingProblem(key, "1").has_value()) << key;
  }
}

TEST(SettingRulesTest, MisspeltSettingsAreRecognised) {
  EXPECT_EQ(ProbablyMeantSetting("ticktime"), "tickTime");
  EXPECT_EQ(ProbablyMeantSetting("autopurge.purgeinterval"), "autopurge.purgeInterval");
  EXPECT_EQ(ProbablyMeantSetting("tickTime"), std::nullopt);
  EXPECT_EQ(ProbablyMeantSetting("my.own.property"), std::nullopt);
}

}  // namespace
}  // namespace zoowarden::model
