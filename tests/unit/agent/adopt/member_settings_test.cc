#include "agent/adopt/member_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kMembers =
    "server.1=zk1:2888:3888\nserver.2=zk2:2888:3888\nserver.3=zk3:2888:3888:observer;2281\n";

MemberSettings Read(const std::string& text, const std::string& dynamic = "", int self = 1) {
  const auto cfg = zk::ZooCfg::Parse(text);
  EXPECT_TRUE(cfg) << (cfg ? "" : cfg.error().message());
  const auto other = zk::ZooCfg::Parse(dynamic, "zoo.cfg.dynamic");
  EXPECT_TRUE(other);
  return ReadMemberSettings(
      *cfg, dynamic.empty() ? nullptr : &*other, model::ServerId{static_cast<std::uint32_t>(self)});
}

std::vector<std::string> Reasons(const MemberSettings& found) {
  std::vector<std::string> reasons;
  for (const auto& obstacle : found.obstacles) {
    reasons.push_back(obstacle.reason);
  }
  return reasons;
}

TEST(MemberSettingsTest, OddSpacingCommentsAndUnknownKeysAreReadAsZooKeeperDoes) {
  const auto found = Read(std::string("# c\n! c\n  tickTime = 2000  \ninitLimit:10\nsyncLimit\t5\n"
                                      "4lw.commands.whitelist=srvr, \\\n   mntr\n"
                                      "my.own.key = any thing\ndataDir=/d\nclientPort = 2181\n") +
                          kMembers);
  EXPECT_THAT(found.settings,
              ElementsAre(Pair("4lw.commands.whitelist", "srvr, mntr"),
                          Pair("initLimit", "10"),
                          Pair("my.own.key", "any thing"),
                          Pair("syncLimit", "5"),
                          Pair("tickTime", "2000")));
  EXPECT_THAT(found.obstacles, IsEmpty());
  EXPECT_EQ(found.client_port, 2181);
  EXPECT_EQ(found.data_directory, "/d");
  EXPECT_EQ(found.data_log_directory, "/d");
  ASSERT_EQ(found.members.size(), 3U);
  EXPECT_EQ(found.members[2].role, model::Role::kObserver);
}

TEST(MemberSettingsTest, ValuesOfSecretsAreNotTaken) {
  const auto found = Read(std::string("ssl.keyStore.password=hunter2\nclientPort=1\n") + kMembers);
  EXPECT_THAT(found.settings, ElementsAre(Pair("ssl.keyStore.password", "@kept-on-server")));
}

TEST(MemberSettingsTest, MembersAndClientAddressComeFromTheDynamicFile) {
  const auto found = Read(
      "dynamicConfigFile=/c/zoo.cfg.dynamic\nreconfigEnabled=true\n",
      "server.1=zk1:1:2:participant;10.0.0.1:2181\nserver.2=zk2:1:2;2181\nversion=100\nodd=1\n");
  EXPECT_THAT(found.settings,
              ElementsAre(Pair("clientPortAddress", "10.0.0.1"), Pair("reconfigEnabled", "true")));
  EXPECT_EQ(found.client_port, 2181);
  EXPECT_EQ(found.members.size(), 2U);
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("'odd' is no line of a dynamic file")));
  EXPECT_THAT(found.obstacles, IsEmpty());
}

TEST(MemberSettingsTest, GroupsAndWeightsAreTheMembers) {
  const auto found =
      Read(std::string("clientPort=1\n") + kMembers + "group.1=1:2\nweight.1=3\nweight.2=1\n");
  ASSERT_EQ(found.members.size(), 3U);
  EXPECT_EQ(found.members[0].weight, 3U);
  EXPECT_EQ(found.members[0].group, 1U);
  EXPECT_THAT(found.settings, IsEmpty());
}

TEST(MemberSettingsTest, AKeyThatIsThereTwiceIsNamedAndTheLastOneCounts) {
  const auto found = Read(std::string("tickTime=1\nclientPort=1\ntickTime=2\n") + kMembers);
  EXPECT_THAT(found.settings, ElementsAre(Pair("tickTime", "2")));
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("'tickTime' is there twice, in lines 1 and 3")));
}

TEST(MemberSettingsTest, AProbablyMisspeltKeyIsKeptAndNamed) {
  const auto found = Read(std::string("tickTme=1\nclientPort=1\n") + kMembers);
  EXPECT_THAT(found.settings, ElementsAre(Pair("tickTme", "1")));
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("tickTime")));
}

TEST(MemberSettingsTest, WhatEnsembleYamlCannotSayStandsInTheWayByName) {
  EXPECT_THAT(Reasons(Read(std::string("a\\ b=1\nclientPort=1\n") + kMembers)),
              ElementsAre("adopt.setting"));
  EXPECT_THAT(Reasons(Read(std::string("secureClientPort=1\n") + kMembers)),
              ElementsAre("adopt.tls"));
  EXPECT_THAT(Reasons(Read(kMembers)), ElementsAre("adopt.no_client_port"));
  EXPECT_THAT(Reasons(Read("clientPort=1\n")), ElementsAre("adopt.standalone"));
  EXPECT_THAT(Reasons(Read(std::string("clientPort=1\n") + kMembers, "", 9)),
              ElementsAre("adopt.not_a_member"));
  const auto two = Read("clientPort=1\nserver.1=a:1:2|b:1:2\nserver.2=c:1:2\n");
  EXPECT_THAT(Reasons(two), ElementsAre("adopt.multi_address"));
  EXPECT_THAT(two.members, IsEmpty());
  EXPECT_THAT(Reasons(Read("clientPort=1\nserver.1=a:1\nserver.2=c:1:2\n")),
              ElementsAre("adopt.no_election_port"));
  EXPECT_THAT(Reasons(Read("clientPort=1\nserver.1=rubbish\n")), Contains("adopt.members"));
}

}  // namespace
}  // namespace zoowarden::agent
