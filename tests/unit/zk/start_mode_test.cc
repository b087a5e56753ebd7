#include "zk/start_mode.h"

#include <gtest/gtest.h>

#include <string>

namespace zoowarden::zk {
namespace {

constexpr model::Version k34{3, 4, 14};
constexpr model::Version k35{3, 5, 10};
constexpr model::Version k36{3, 6, 4};
constexpr model::Version k38{3, 8, 4};
constexpr model::Version k39{3, 9, 5};

const std::string kBase = "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/d\nclientPort=2181\n";
const std::string kThree = "server.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888\n";

// What a release line makes of a configuration, as "mode: reason".
struct Asked {
  std::string cfg;
  model::Version version;
  std::optional<std::string> dynamic = std::nullopt;
  std::optional<model::ServerId> my_id = model::ServerId{1};
};

std::string Ask(const Asked& asked) {
  const auto cfg = *ZooCfg::Parse(asked.cfg);
  const auto dynamic = *ZooCfg::Parse(asked.dynamic.value_or(""), "zoo.cfg.dynamic");
  const auto verdict = HowItStarts({.cfg = cfg,
                                    .dynamic = asked.dynamic ? &dynamic : nullptr,
                                    .version = asked.version,
                                    .my_id = asked.my_id});
  return std::string(StartModeName(verdict.mode)) + ": " + verdict.reason;
}

std::string ModeOf(const Asked& asked) {
  const auto answer = Ask(asked);
  return answer.substr(0, answer.find(':'));
}

TEST(StartModeTest, ThreeServerLinesAreAQuorumEverywhere) {
  for (const auto version : {k34, k35, k36, k38, k39}) {
    EXPECT_EQ(ModeOf({kBase + kThree, version}), "quorum") << version.ToString();
  }
}

TEST(StartModeTest, NoServerLineIsStandalone) {
  for (const auto version : {k34, k35, k39}) {
    EXPECT_EQ(ModeOf({kBase, version}), "standalone") << version.ToString();
  }
}

TEST(StartModeTest, OldReleaseIgnoresTheDynamicFileAndStartsAlone) {
  const Asked asked{kBase + "dynamicConfigFile=/c/zoo.cfg.dynamic.1\n", k34, kThree};
  EXPECT_EQ(Ask(asked),
            "standalone: no server lines in zoo.cfg: releases before 3.5 ignore dynamicConfigFile");
  EXPECT_EQ(ModeOf({asked.cfg, k35, kThree}), "quorum");
}

TEST(StartModeTest, OneServerLineIsStandaloneUnlessItIsSwitchedOff) {
  const std::string one = kBase + "server.1=a:2888:3888\n";
  for (const auto version : {k34, k35, k39}) {
    EXPECT_EQ(ModeOf({one, version}), "standalone") << version.ToString();
  }
  EXPECT_EQ(ModeOf({one + "standaloneEnabled=false\n", k39}), "quorum");
  EXPECT_EQ(ModeOf({one + "standaloneEnabled=false\n", k34}), "standalone");
  EXPECT_EQ(ModeOf({kBase + "standaloneEnabled=FALSE\n", k39}), "invalid");
}

TEST(StartModeTest, ObserversDoNotMakeAQuorum) {
  const std::string cfg =
      kBase + "server.1=a:1:2\nserver.2=b:1:2:observer\nserver.3=c:1:2:observer\n";
  EXPECT_EQ(Ask({cfg, k39}), "invalid: observers without a quorum of participants");
  EXPECT_EQ(ModeOf({cfg, k34}), "invalid");
}

TEST(StartModeTest, ServerLinesBesideADynamicFileAreInvalid) {
  EXPECT_EQ(Ask({kBase + kThree + "dynamicConfigFile=/c/d\n", k39, kThree}),
            "invalid: zoo.cfg:6:10: server.1 must be in the dynamic configuration file only");
  EXPECT_EQ(ModeOf({kBase + kThree + "dynamicConfigFile=/c/d\n", k34, kThree}), "quorum");
}

TEST(StartModeTest, DynamicFileMustBeThereAndHoldMembersOnly) {
  const std::string cfg = kBase + "dynamicConfigFile=/c/d\n";
  EXPECT_EQ(Ask({cfg, k39}), "invalid: zoo.cfg:6:19: no such file");
  EXPECT_EQ(ModeOf({cfg, k39, kThree + "version=1\n"}), "invalid");
  EXPECT_EQ(ModeOf({cfg, k39, kThree + "tickTime=1\n"}), "invalid");
  EXPECT_EQ(ModeOf({cfg, k39, ""}), "standalone");
}

TEST(StartModeTest, FormsUnknownToALineAreInvalidThere) {
  const std::string client = kBase + "server.1=a:1:2;2181\nserver.2=b:1:2;2181\n";
  EXPECT_EQ(ModeOf({client, k34}), "invalid");
  EXPECT_EQ(ModeOf({client, k35}), "quorum");
  const std::string many = kBase + "server.1=a:1:2|a2:1:2\nserver.2=b:1:2\n";
  EXPECT_EQ(ModeOf({many, k35}), "invalid");
  EXPECT_EQ(ModeOf({many, k36}), "invalid");
  EXPECT_EQ(ModeOf({many + "multiAddress.enabled=true\n", k39}), "invalid");
  const auto cfg = *ZooCfg::Parse(many);
  EXPECT_EQ(
      HowItStarts(
          {.cfg = cfg, .version = k36, .my_id = model::ServerId{1}, .multi_address_enabled = true})
          .mode,
      StartMode::kQuorum);
  const std::string short_line = kBase + "server.1=a:1\nserver.2=b:1\n";
  EXPECT_EQ(ModeOf({short_line, k39}), "invalid");
  EXPECT_EQ(ModeOf({short_line, k34}), "invalid");
  EXPECT_EQ(ModeOf({short_line + "electionAlg=0\n", k34}), "quorum");
  const std::string same_port = kBase + "server.1=a:1:1\nserver.2=b:1:2\n";
  EXPECT_EQ(ModeOf({same_port, k35}), "invalid");
  EXPECT_EQ(ModeOf({same_port, k34}), "quorum");
}

TEST(StartModeTest, BlanksAfterAServerLineAreFatalFrom35On) {
  const std::string port = kBase + "server.1=a:1:2 \nserver.2=b:1:2\n";
  EXPECT_EQ(ModeOf({port, k34}), "quorum");
  EXPECT_EQ(Ask({port, k35}), "invalid: zoo.cfg:6:15: server.1: blank at the end of the line");
  EXPECT_EQ(ModeOf({port, k39}), "invalid");
  const std::string role = kBase + "server.1=a:1:2:participant \nserver.2=b:1:2\n";
  EXPECT_EQ(ModeOf({role, k35}), "invalid");
  EXPECT_EQ(ModeOf({role, k36}), "quorum");
}

TEST(StartModeTest, QuorumNeedsItsLimitsAndMyid) {
  const std::string bare = "tickTime=2000\ndataDir=/d\nclientPort=2181\n" + kThree;
  EXPECT_EQ(Ask({bare, k39}), "invalid: initLimit is not set");
  EXPECT_EQ(Ask({bare + "initLimit=5\n", k34}), "invalid: syncLimit is not set");
  EXPECT_EQ(Ask({kBase + kThree, k39, std::nullopt, std::nullopt}),
            "invalid: there is no myid file");
  EXPECT_EQ(Ask({kBase + kThree, k39, std::nullopt, model::ServerId{9}}),
            "invalid: server 9 (myid) has no server line");
}

TEST(StartModeTest, ClientPortMayComeFromTheServerLineFrom35On) {
  const std::string cfg =
      "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/d\n"
      "server.1=a:1:2;2181\nserver.2=b:1:2;2181\n";
  EXPECT_EQ(ModeOf({cfg, k39}), "quorum");
  EXPECT_EQ(ModeOf({cfg + "clientPort=2182\n", k39}), "invalid");
  EXPECT_EQ(ModeOf({cfg + "clientPort=2181\n", k39}), "quorum");
  EXPECT_EQ(ModeOf({cfg + "clientPort=2181\nclientPortAddress=10.0.0.1\n", k39}), "invalid");
  EXPECT_EQ(Ask({"tickTime=2000\ndataDir=/d\n", k34}), "invalid: clientPort is not set");
}

TEST(StartModeTest, ValuesThatALineRefuses) {
  EXPECT_EQ(ModeOf({kBase + kThree + "electionAlg=0\n", k36}), "invalid");
  EXPECT_EQ(ModeOf({kBase + kThree + "electionAlg=0\n", k35}), "quorum");
  EXPECT_EQ(ModeOf({kBase + kThree + "sslQuorum=yes\n", k36}), "quorum");
  EXPECT_EQ(ModeOf({kBase + kThree + "sslQuorum=yes\n", k38}), "invalid");
  EXPECT_EQ(ModeOf({kBase + kThree + "reconfigEnabled=yes\n", k35}), "invalid");
  EXPECT_EQ(ModeOf({kBase + kThree + "peerType=voter\n", k34}), "invalid");
  EXPECT_EQ(Ask({kBase + kThree + "syncLimit=5s\n", k39}),
            "invalid: zoo.cfg:9:11: syncLimit is not a number");
  EXPECT_EQ(ModeOf({kBase + kThree + "minSessionTimeout=50000\n", k39}), "invalid");
  EXPECT_EQ(ModeOf({kBase + kThree + "version=xyz\n", k39}), "invalid");
  EXPECT_EQ(ModeOf({kBase + kThree + "version=xyz\n", k34}), "quorum");
  EXPECT_EQ(ModeOf({kBase + kThree + "secureClientPortAddress=h\n", k39}), "invalid");
  EXPECT_EQ(ModeOf({kBase + kThree + "quorum.auth.learnerRequireSasl=true\n", k39}), "invalid");
}

TEST(StartModeTest, EveryVoterMustBeInAGroupOnceThereAreGroups) {
  EXPECT_EQ(ModeOf({kBase + kThree + "group.1=1:2:3\n", k39}), "quorum");
  EXPECT_EQ(Ask({kBase + kThree + "group.1=1:2\n", k39}), "invalid: server 3 is not in a group");
  EXPECT_EQ(ModeOf({kBase + kThree + "group.1=1:2\n", k34}), "invalid");
  EXPECT_EQ(ModeOf({kBase + kThree + "weight.1=2\n", k39}), "invalid");
  EXPECT_EQ(ModeOf({kBase + kThree + "weight.1=2\n", k34}), "quorum");
}

TEST(StartModeTest, VerdictCarriesTheMembership) {
  const auto cfg = *ZooCfg::Parse(kBase + kThree);
  const auto verdict = HowItStarts({.cfg = cfg, .version = k39, .my_id = model::ServerId{2}});
  EXPECT_EQ(verdict.membership.Voters().size(), 3U);
  EXPECT_EQ(verdict.reason, "3 participants in zoo.cfg");
}

}  // namespace
}  // namespace zoowarden::zk
