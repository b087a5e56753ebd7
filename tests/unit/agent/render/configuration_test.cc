#include "agent/render/configuration.h"

#include "agent/render/start_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RenderRequest Request() {
  RenderRequest request{.version = {3, 8, 4},
                        .configuration = {.settings = {{"tickTime", "2000"},
                                                       {"initLimit", "10"},
                                                       {"syncLimit", "5"},
                                                       {"4lw.commands.whitelist", "*"}},
                                          .java = {.heap = "128m", .options = {"-Dfoo=bar"}},
                                          .files = {}},
                        .server = model::ServerId{2},
                        .members = {},
                        .client_port = 12181,
                        .data_directory = "/srv/zk/data",
                        .data_log_directory = "/srv/zk/log",
                        .log_directory = "/var/log/zk"};
  for (std::uint32_t id = 1; id <= 3; ++id) {
    request.members.push_back({.id = {id},
                               .host = "127.0.11." + std::to_string(id),
                               .quorum_port = 12888,
                               .election_port = 13888});
  }
  return request;
}

std::string Reason(const RenderRequest& request) {
  const auto rendered = RenderConfiguration(request);
  return rendered ? "" : rendered.error().reason();
}

std::string ZooCfg(const RenderRequest& request) {
  const auto rendered = RenderConfiguration(request);
  EXPECT_TRUE(rendered) << rendered.error().message();
  return rendered ? rendered->at("zoo.cfg") : "";
}

TEST(ConfigurationTest, RendersTheWholeFile) {
  EXPECT_EQ(ZooCfg(Request()),
            "# Written by Zoowarden; ZooKeeper may rewrite it when reconfiguration is enabled.\n"
            "4lw.commands.whitelist=*\n"
            "initLimit=10\n"
            "syncLimit=5\n"
            "tickTime=2000\n"
            "dataDir=/srv/zk/data\n"
            "dataLogDir=/srv/zk/log\n"
            "clientPort=12181\n"
            "server.1=127.0.11.1:12888:13888\n"
            "server.2=127.0.11.2:12888:13888\n"
            "server.3=127.0.11.3:12888:13888\n");
}

TEST(ConfigurationTest, SameInputGivesTheSameBytes) {
  const auto first = RenderConfiguration(Request());
  for (int again = 0; again < 5; ++again) {
    EXPECT_EQ(RenderConfiguration(Request()).value(), first.value());
  }
}

TEST(ConfigurationTest, RendersObserversGroupsAndWeights) {
  auto request = Request();
  request.members[1].role = model::Role::kObserver;
  request.members[0].group = 1;
  request.members[2].group = 1;
  request.members[2].weight = 3;
  const std::string cfg = ZooCfg(request);
  EXPECT_THAT(cfg, HasSubstr("server.2=127.0.11.2:12888:13888:observer\n"));
  EXPECT_THAT(cfg, HasSubstr("peerType=observer\n"));
  EXPECT_THAT(cfg, HasSubstr("group.1=1:3\n"));
  EXPECT_THAT(cfg, HasSubstr("weight.3=3\n"));
  request.server = model::ServerId{1};
  EXPECT_THAT(ZooCfg(request), Not(HasSubstr("peerType")));
}

TEST(ConfigurationTest, LeavesTheLogDirectoryOutWhereItIsTheDataDirectory) {
  auto request = Request();
  request.data_log_directory = request.data_directory;
  EXPECT_THAT(ZooCfg(request), Not(HasSubstr("dataLogDir")));
}

TEST(ConfigurationTest, NoValueCanAddALine) {
  auto request = Request();
  request.configuration.settings["tickTime"] = "2000\nserver.9=evil:1:2";
  EXPECT_EQ(Reason(request), "config.setting");
  request = Request();
  request.configuration.settings["x\nserver.9"] = "evil:1:2";
  EXPECT_EQ(Reason(request), "config.setting");
  request = Request();
  request.members[0].host = "h:1:2\nserver.9=evil";
  EXPECT_EQ(Reason(request), "config.members");
  request = Request();
  request.data_directory = "/srv\nclientPort=1";
  EXPECT_EQ(Reason(request), "config.directory");
}

TEST(ConfigurationTest, ABackslashAtTheEndDoesNotSwallowTheNextLine) {
  auto request = Request();
  request.configuration.settings["aaa"] = "x\\";
  const auto parsed =
      zoowarden::agent::ValidateConfiguration(request, RenderConfiguration(request).value());
  EXPECT_TRUE(parsed) << parsed.error().message();
  EXPECT_THAT(ZooCfg(request), HasSubstr("aaa=x\\\\\n"));
}

TEST(ConfigurationTest, RefusesOwnedSettings) {
  for (const char* key : {"dataDir", "clientPort", "server.1", "dynamicConfigFile", "peerType"}) {
    auto request = Request();
    request.configuration.settings[key] = "1";
    EXPECT_EQ(Reason(request), "config.setting") << key;
  }
}

TEST(ConfigurationTest, RefusesAServerThatIsNotDeclared) {
  auto request = Request();
  request.server = model::ServerId{9};
  EXPECT_EQ(Reason(request), "config.members");
}

TEST(ConfigurationTest, LogsAsTheReleaseLineDoes) {
  auto request = Request();
  EXPECT_TRUE(RenderConfiguration(request)->contains("logback.xml"));
  EXPECT_FALSE(RenderConfiguration(request)->contains("log4j.properties"));
  request.version = {3, 7, 2};
  EXPECT_TRUE(RenderConfiguration(request)->contains("log4j.properties"));
  EXPECT_FALSE(RenderConfiguration(request)->contains("logback.xml"));
  request.configuration.files = {{"log4j.properties", "log4j.rootLogger=WARN\n"}};
  EXPECT_EQ(RenderConfiguration(request)->at("log4j.properties"), "log4j.rootLogger=WARN\n");
}

TEST(ConfigurationTest, TemplatesSeeTheServerTheMembersAndTheSettings) {
  auto request = Request();
  request.configuration.files = {
      {"notes.txt",
       "{{server_id}} {{host}} {{version}} {{client_port}} {{log_directory}}\n"
       "{{#members}}\n{{id}}={{host}}:{{quorum_port}}\n{{/members}}\n"
       "{{#settings}}{{key}}={{value}};{{/settings}}\n"}};
  EXPECT_EQ(RenderConfiguration(request)->at("notes.txt"),
            "2 127.0.11.2 3.8.4 12181 /var/log/zk\n"
            "1=127.0.11.1:12888\n2=127.0.11.2:12888\n3=127.0.11.3:12888\n"
            "4lw.commands.whitelist=*;initLimit=10;syncLimit=5;tickTime=2000;\n");
}

TEST(ConfigurationTest, RefusesFilesThatAreRenderedFromSettings) {
  for (const char* name : {"zoo.cfg", "zoo.cfg.dynamic.100000000"}) {
    auto request = Request();
    request.configuration.files = {{name, "x"}};
    EXPECT_EQ(Reason(request), "config.file_conflict") << name;
  }
}

TEST(ConfigurationTest, RefusesFilesThatTheStartScriptsRun) {
  for (const char* name : {"java.env", "zookeeper-env.sh"}) {
    auto request = Request();
    request.configuration.java = {};
    request.configuration.files = {{name, "touch /tmp/x\n"}};
    EXPECT_EQ(Reason(request), "config.file_is_script") << name;
  }
}

TEST(ConfigurationTest, RefusesFileNamesThatLeaveTheDirectory) {
  for (const char* name : {"../x", "a/b", ".hidden", "", "a b"}) {
    auto request = Request();
    request.configuration.files = {{name, "x"}};
    EXPECT_EQ(Reason(request), "config.file_name") << name;
  }
}

TEST(ConfigurationTest, AQuorumConfigurationIsValid) {
  for (const model::Version version :
       {model::Version{3, 4, 14}, {3, 5, 10}, {3, 6, 4}, {3, 8, 4}, {3, 9, 4}}) {
    auto request = Request();
    request.version = version;
    const auto status = ValidateConfiguration(request, RenderConfiguration(request).value());
    EXPECT_TRUE(status) << version.ToString() << ": " << status.error().message();
  }
}

TEST(ConfigurationTest, StandaloneIsRefusedUnlessOneServerIsDeclared) {
  auto request = Request();
  request.members[0].role = model::Role::kObserver;
  request.members[2].role = model::Role::kObserver;
  auto status = ValidateConfiguration(request, RenderConfiguration(request).value());
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().reason(), ::testing::StartsWith("config."));

  request = Request();
  auto files = RenderConfiguration(request).value();
  std::string& cfg = files["zoo.cfg"];
  cfg.erase(cfg.find("server.1="));
  status = ValidateConfiguration(request, files);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "config.standalone");

  request = Request();
  request.members = {request.members[1]};
  EXPECT_TRUE(ValidateConfiguration(request, RenderConfiguration(request).value()));
}

TEST(ConfigurationTest, ADynamicFileIsStandaloneBefore35) {
  const ConfigurationFiles files = {
      {"zoo.cfg",
       "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/d\nclientPort=1\n"
       "dynamicConfigFile=/x/zoo.cfg.dynamic.100000000\n"},
      {"zoo.cfg.dynamic.100000000",
       "server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\n"}};
  StartCheck check{.version = {3, 8, 4}, .server = {1}, .declared_servers = 3};
  EXPECT_TRUE(ValidateStart(check, files));
  check.version = {3, 4, 14};
  const auto status = ValidateStart(check, files);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "config.standalone");
}

TEST(ConfigurationTest, WhatWouldNotStartIsRefused) {
  auto request = Request();
  request.configuration.settings.erase("initLimit");
  const auto status = ValidateConfiguration(request, RenderConfiguration(request).value());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "config.invalid");
}

}  // namespace
}  // namespace zoowarden::agent
