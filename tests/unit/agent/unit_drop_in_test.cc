#include "agent/lifecycle/unit_drop_in.h"

#include "sys/files.h"
#include "tests/support/fake_unit_control.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

class UnitDropInTest : public testing::Test {
 protected:
  sys::TempDir units_ = sys::TempDir::Create("/tmp", "zw-units-").value();
  fs::path directory_ = units_.path() / "zookeeper.service.d";
  UnitDropIn drop_in_{"zookeeper.service", units_.path()};
  test::FakeSystemd fake_;
  test::FakeUnitControl systemd_{fake_};
};

TEST_F(UnitDropInTest, WhatIsInstalledIsRemovedWithoutATrace) {
  EXPECT_FALSE(drop_in_.IsInstalled());
  ASSERT_TRUE(drop_in_.Install("[Service]\n", systemd_));
  ASSERT_TRUE(drop_in_.Install("[Service]\n", systemd_));
  EXPECT_TRUE(drop_in_.IsInstalled());
  EXPECT_EQ(*sys::ReadFile(directory_ / "zoowarden.conf", 100), "[Service]\n");
  ASSERT_TRUE(drop_in_.Remove(systemd_));
  ASSERT_TRUE(drop_in_.Remove(systemd_));
  EXPECT_FALSE(drop_in_.IsInstalled());
  EXPECT_FALSE(fs::exists(directory_));
  EXPECT_EQ(fake_.calls, (std::vector<std::string>{"reload", "reload", "reload", "reload"}));
}

TEST_F(UnitDropInTest, SomebodyElsesDropInStays) {
  fs::create_directory(directory_);
  ASSERT_TRUE(sys::WriteFileAtomically(directory_ / "limits.conf", "[Service]\n", 0644));
  ASSERT_TRUE(drop_in_.Install("[Service]\n", systemd_));
  ASSERT_TRUE(drop_in_.Remove(systemd_));
  EXPECT_EQ(*sys::ReadFile(directory_ / "limits.conf", 100), "[Service]\n");
  EXPECT_FALSE(fs::exists(drop_in_.file()));
}

TEST_F(UnitDropInTest, WhereItMayNotBeWrittenSystemdIsNotTroubled) {
  ASSERT_TRUE(sys::WriteFileAtomically(directory_, "no directory", 0644));
  const auto installed = drop_in_.Install("[Service]\n", systemd_);
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().reason(), "start.drop_in");
  EXPECT_TRUE(fake_.calls.empty());
}

TEST_F(UnitDropInTest, NothingInACommandIsExpandedBySystemd) {
  const std::string content = DropInFor({.launcher = "/opt/a b/zoowarden-launch",
                                         .current = "/srv/$HOME/%h/current",
                                         .data_directory = "/srv/\"d\"\\",
                                         .log_directory = "/srv/logs",
                                         .user = "zookeeper"});
  EXPECT_NE(content.find("ExecStart=\nExecStart=\"/opt/a b/zoowarden-launch\" \"--data\" "
                         "\"/srv/\\\"d\\\"\\\\\" \"--current\" \"/srv/$$HOME/%%h/current\" "
                         "\"--log-dir\" \"/srv/logs\" \"start-foreground\"\n"),
            std::string::npos)
      << content;
  EXPECT_NE(content.find("\nUser=zookeeper\n"), std::string::npos);
  EXPECT_NE(content.find("\nRestartPreventExitStatus=75 78\n"), std::string::npos);
}

}  // namespace
}  // namespace zoowarden::agent
