#include "agent/adopt/kept_values.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

RunningValues Running() {
  auto cfg = zk::ZooCfg::Parse("ssl.keyStore.password = hunter2 \ntickTime=2000\n");
  EXPECT_TRUE(cfg);
  return {.cfg = *cfg, .command_line = {"java", "-Da.password=old", "-Da.password=real", "Main"}};
}

TEST(KeptValuesTest, SettingsAndOptionsGetWhatRunsAndTheRestStays) {
  const model::ConfigurationSpec asked{
      .settings = {{"ssl.keyStore.password", "@kept-on-server"}, {"tickTime", "3000"}},
      .java = {.heap = "1g", .options = {"-Da.password=@kept-on-server", "-Db=c"}}};
  EXPECT_TRUE(NeedsKeptValues(asked));
  const auto complete = PutKeptValues(asked, Running());
  ASSERT_TRUE(complete) << complete.error().message();
  EXPECT_EQ(complete->settings,
            (model::Settings{{"ssl.keyStore.password", "hunter2"}, {"tickTime", "3000"}}));
  EXPECT_EQ(complete->java.options, (std::vector<std::string>{"-Da.password=real", "-Db=c"}));
  EXPECT_FALSE(NeedsKeptValues(*complete));
}

TEST(KeptValuesTest, WhatNothingRunningHasIsRefusedByName) {
  const auto setting =
      PutKeptValues({.settings = {{"other.secret", "@kept-on-server"}}}, Running());
  ASSERT_FALSE(setting);
  EXPECT_EQ(setting.error().reason(), "config.no_kept_value");
  EXPECT_NE(setting.error().message().find("other.secret"), std::string::npos);
  const auto option =
      PutKeptValues({.java = {.options = {"-Dno.password=@kept-on-server"}}}, Running());
  ASSERT_FALSE(option);
  EXPECT_EQ(option.error().reason(), "config.no_kept_value");
}

}  // namespace
}  // namespace zoowarden::agent
