#include "agent/observe/running_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zoowarden::agent {
namespace {

constexpr model::ServerId kSelf{2};

std::vector<std::string> Java(const std::string& version, std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"java", "-cp", "/r/lib/zookeeper-" + version + ".jar:/r/conf"});
  return options;
}

const std::string kServers =
    "server.1=10.0.0.1:2888:3888\nserver.2=10.0.0.2:2889:3889\n"
    "server.3=10.0.0.3:2890:3890:observer\n";

RunningConfig Interpret(const ConfigTexts& texts, const std::vector<std::string>& command_line) {
  auto config = InterpretConfig(texts, command_line, kSelf);
  EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().message());
  return config.value_or(RunningConfig{});
}

TEST(RunningConfigTest, ReadsWhereTheMemberCanBeAsked) {
  const RunningConfig config =
      Interpret({.zoo_cfg = "clientPort=2181\nclientPortAddress=10.0.0.2\n"
                            "admin.serverPort=9000\n4lw.commands.whitelist=srvr, mntr\n" +
                            kServers},
                Java("3.8.4"));
  ASSERT_TRUE(config.client && config.admin);
  EXPECT_EQ(config.client->ToString(), "10.0.0.2:2181");
  EXPECT_EQ(config.admin->ToString(), "127.0.0.1:9000");
  EXPECT_TRUE(config.mntr_allowed);
  EXPECT_EQ(config.own_quorum_port, 2889);
  EXPECT_EQ(config.quorum_ports, (std::set<std::uint16_t>{2888, 2889, 2890}));
  EXPECT_EQ(config.membership.members.size(), 3U);
  EXPECT_EQ(config.membership.members[2].role, model::Role::kObserver);
}

TEST(RunningConfigTest, AWildcardAddressIsAskedThroughLoopback) {
  const RunningConfig config = Interpret(
      {.zoo_cfg = "clientPort=2181\nclientPortAddress=0.0.0.0\n" + kServers}, Java("3.8.4"));
  EXPECT_EQ(config.client->ToString(), "127.0.0.1:2181");
}

TEST(RunningConfigTest, WithoutAPlainPortThereIsNoneToAsk) {
  EXPECT_FALSE(Interpret({.zoo_cfg = "secureClientPort=2281\n" + kServers}, Java("3.8.4")).client);
}

TEST(RunningConfigTest, TheDynamicFileHoldsMembersAndClientPort) {
  const ConfigTexts texts{
      .zoo_cfg = "dataDir=/d\ndynamicConfigFile=/c/zoo.cfg.dynamic.100\n",
      .dynamic = "server.1=a:2888:3888;2181\nserver.2=b:2889:3889:participant;127.0.0.9:2182\n"};
  const RunningConfig config = Interpret(texts, Java("3.8.4"));
  EXPECT_EQ(config.client->ToString(), "127.0.0.9:2182");
  EXPECT_EQ(config.membership.source, "dynamic configuration file");
  EXPECT_EQ(config.membership.members.size(), 2U);
}

TEST(RunningConfigTest, A34IgnoresTheDynamicFile) {
  const ConfigTexts texts{.zoo_cfg = "clientPort=1\ndynamicConfigFile=/c/d\n", .dynamic = kServers};
  EXPECT_TRUE(Interpret(texts, Java("3.4.14")).membership.members.empty());
}

TEST(RunningConfigTest, TheAdminServerFollowsVersionAndSwitch) {
  const std::string cfg = "clientPort=1\n" + kServers;
  EXPECT_FALSE(Interpret({.zoo_cfg = cfg}, Java("3.4.14")).admin);
  EXPECT_TRUE(Interpret({.zoo_cfg = cfg}, Java("3.9.5")).admin);
  EXPECT_FALSE(Interpret({.zoo_cfg = cfg}, Java("3.10.0")).admin);  // ZOOKEEPER-5050
  EXPECT_TRUE(Interpret({.zoo_cfg = cfg + "admin.enableServer=true\n"}, Java("3.10.0")).admin);
  EXPECT_FALSE(
      Interpret({.zoo_cfg = cfg}, Java("3.8.4", {"-Dzookeeper.admin.enableServer=false"})).admin);
}

TEST(RunningConfigTest, ZooCfgWinsOverASystemProperty) {
  const RunningConfig config =
      Interpret({.zoo_cfg = "clientPort=1\nadmin.serverPort=9001\n" + kServers},
                Java("3.8.4", {"-Dzookeeper.admin.serverPort=9002"}));
  EXPECT_EQ(config.admin->port, 9001);
}

TEST(RunningConfigTest, OnlySrvrIsAllowedByDefaultFrom35On) {
  const std::string cfg = "clientPort=1\n" + kServers;
  EXPECT_TRUE(Interpret({.zoo_cfg = cfg}, Java("3.4.14")).mntr_allowed);
  EXPECT_FALSE(Interpret({.zoo_cfg = cfg}, Java("3.5.10")).mntr_allowed);
  EXPECT_TRUE(
      Interpret({.zoo_cfg = cfg + "4lw.commands.whitelist=*\n"}, Java("3.5.10")).mntr_allowed);
}

TEST(VersionOnClassPathTest, IsThatOfTheServerJar) {
  EXPECT_EQ(VersionOnClassPath(
                {"java", "-cp", "/r/3.9.4-aa/lib/zookeeper-jute-3.9.4.jar:/x/zookeeper-3.9.4.jar"}),
            (model::Version{3, 9, 4}));
  EXPECT_EQ(VersionOnClassPath({"java", "-cp", "/opt/kafka.jar"}), std::nullopt);
}

}  // namespace
}  // namespace zoowarden::agent
