#include "controller/cli/run_records.h"
#include "tests/unit/controller/cli/fake_world.h"

#include <gmock/gmock.h>

namespace zoowarden::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SpokenReleases final : public ReleaseAgents {
 public:
  std::vector<Answer<std::vector<InstalledRelease>>> GetReleases(bool verify) override {
    verified = verify;
    return servers;
  }
  base::Result<std::vector<std::string>> RemoveRelease(model::ServerId server,
                                                       const RunIdentity& run,
                                                       const std::string& name) override {
    removed.push_back(ToString(server) + " " + name + " epoch " + std::to_string(run.epoch.value));
    if (refuse) {
      return base::Fail(base::ErrorCode::kFailedPrecondition, "release.in_use", "it is needed");
    }
    return std::vector<std::string>{"aaaabbbbccccdddd"};
  }

  std::vector<Answer<std::vector<InstalledRelease>>> servers;
  bool verified = false;
  bool refuse = false;
  std::vector<std::string> removed;
};

class ReleasesTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    releases_ = std::make_shared<SpokenReleases>();
    spoken_releases_ = releases_;
    const std::vector<InstalledRelease> both = {
        {.name = "3.8.4-11111111",
         .version = "3.8.4",
         .sha512 = "11",
         .bytes = 5U << 20U,
         .files = 40,
         .generations = {{.digest = "0123456789abcdef", .last_ran = 7}}},
        {.name = "3.9.4-22222222",
         .version = "3.9.4",
         .sha512 = "22",
         .generations = {{.digest = "fedcba9876543210", .current = true, .last_ran = 8}}}};
    for (std::uint32_t id = 1; id <= 3; ++id) {
      releases_->servers.push_back({{id}, both});
      words_.leases.push_back({{id}, Lease{.epoch = {4}}});
      words_.records.push_back({{id}, std::vector<RunRecord>()});
    }
  }
  InstalledRelease& Release(std::size_t server, std::size_t release) {
    return (*releases_->servers[server].result)[release];
  }

  std::shared_ptr<SpokenReleases> releases_;
};

TEST_F(ReleasesTest, ListShowsWhatEachIsFor) {
  const auto listed = Run({"releases", "list"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_FALSE(releases_->verified);
  EXPECT_THAT(listed.out, HasSubstr("1       3.8.4-11111111  ran before  40     5"));
  EXPECT_THAT(listed.out, HasSubstr("3.9.4-22222222  current"));
  const auto json = Run({"releases", "list", "-o", "json"});
  EXPECT_THAT(json.out, HasSubstr("\"last_ran\": 7"));
  EXPECT_THAT(json.out, HasSubstr("\"use\": \"current\""));
}

TEST_F(ReleasesTest, WhatIsStagedAndWhatWasAdoptedIsShownToo) {
  releases_->servers[1].result = std::vector<InstalledRelease>{
      {.kind = ReleaseKind::kArchive,
       .name = "archive-33333333",
       .sha512 = "33",
       .bytes = 5U << 20U},
      {.kind = ReleaseKind::kAdopted,
       .name = "3.8.6 (adopted)",
       .version = "3.8.6",
       .generations = {{.digest = "0123456789abcdef", .current = true}}}};
  const auto listed = Run({"releases", "verify"});
  EXPECT_THAT(listed.out, HasSubstr("2       archive-33333333  staged      -      5    -\n"));
  EXPECT_THAT(listed.out, HasSubstr("2       3.8.6 (adopted)   current     -      -    -\n"));
  const auto json = Run({"releases", "list", "-o", "json"}).out;
  EXPECT_THAT(json, HasSubstr("\"kind\": \"archive\""));
  EXPECT_THAT(json, HasSubstr("\"kind\": \"adopted\""));
  EXPECT_THAT(json, HasSubstr("\"version\": null"));
}

TEST_F(ReleasesTest, AGenerationOfNoKnownReleaseIsAProblemThatIsNamed) {
  releases_->servers[1].result =
      std::vector<InstalledRelease>{{.kind = ReleaseKind::kUnknown,
                                     .name = "generation-0123456789abcdef",
                                     .problem_reason = "generation.damaged",
                                     .problem = "generation 0123456789abcdef is damaged"}};
  const auto listed = Run({"releases", "list"});
  EXPECT_EQ(listed.code, 1);
  EXPECT_THAT(listed.out, HasSubstr("generation-0123456789abcdef  unknown"));
  EXPECT_THAT(listed.err, HasSubstr("server 2: generation 0123456789abcdef is damaged"));
  EXPECT_THAT(Run({"releases", "list", "-o", "json"}).out, HasSubstr("\"kind\": \"unknown\""));
  Run({"releases", "remove", "generation-0123456789abcdef", "--yes"});
  EXPECT_THAT(releases_->removed, ::testing::IsEmpty());
}

TEST_F(ReleasesTest, AnArchiveIsRemovedByItsNameAndWhatWasAdoptedNever) {
  for (auto& server : releases_->servers) {
    server.result = std::vector<InstalledRelease>{
        {.kind = ReleaseKind::kArchive, .name = "archive-33333333", .sha512 = "33"},
        {.kind = ReleaseKind::kAdopted, .name = "3.8.6 (adopted)", .version = "3.8.6"}};
  }
  EXPECT_EQ(Run({"releases", "remove", "archive-33333333", "--server", "2", "--yes"}).code, 0);
  EXPECT_THAT(releases_->removed, ElementsAre("2 33 epoch 5"));
  EXPECT_NE(Run({"releases", "remove", "3.8.6", "--yes"}).code, 0);
  EXPECT_NE(Run({"releases", "remove", "3.8.6 (adopted)", "--yes"}).code, 0);
  EXPECT_EQ(releases_->removed.size(), 1U);
}

TEST_F(ReleasesTest, VerifySaysWhereWhatWasChanged) {
  auto verified = Run({"releases", "verify"});
  EXPECT_EQ(verified.code, 0);
  EXPECT_TRUE(releases_->verified);
  EXPECT_THAT(verified.out, HasSubstr("as unpacked"));
  Release(1, 1).problem_reason = "release.tree_changed";
  Release(1, 1).problem = "'lib/zookeeper.jar' has another content";
  verified = Run({"releases", "verify"});
  EXPECT_EQ(verified.code, 1);
  EXPECT_THAT(verified.out, HasSubstr("release.tree_changed"));
  EXPECT_THAT(verified.err, HasSubstr("problem: server 2: 'lib/zookeeper.jar'"));
}

TEST_F(ReleasesTest, AnAgentThatDoesNotAnswerIsSaid) {
  releases_->servers[2].result = base::Fail(base::ErrorCode::kUnavailable, "server 3: no route");
  const auto verified = Run({"releases", "verify"});
  EXPECT_EQ(verified.code, 1);
  EXPECT_THAT(verified.out, HasSubstr("no answer"));
  EXPECT_THAT(verified.err, HasSubstr("server 3: no route"));
}

TEST_F(ReleasesTest, RemoveTakesEveryArchiveOfAVersionUnderAnEpoch) {
  const auto removed = Run({"releases", "remove", "3.8.4", "--yes"});
  EXPECT_EQ(removed.code, 0) << removed.err;
  EXPECT_THAT(
      releases_->removed,
      ElementsAre(
          "1 3.8.4-11111111 epoch 5", "2 3.8.4-11111111 epoch 5", "3 3.8.4-11111111 epoch 5"));
}

TEST_F(ReleasesTest, RemoveTakesOneNameOnOneServer) {
  EXPECT_EQ(Run({"releases", "remove", "3.8.4-11111111", "--server", "2", "--yes"}).code, 0);
  EXPECT_THAT(releases_->removed, ElementsAre("2 3.8.4-11111111 epoch 5"));
}

TEST_F(ReleasesTest, AServerThatThereIsNotIsSaidByEveryVerb) {
  for (const auto& line : std::vector<std::vector<std::string>>{
           {"releases", "remove", "3.8.4", "--server", "7", "--yes"},
           {"audit", "show", "--server", "7"},
           {"pki", "renew", "--dir", "ca", "--server", "7"},
           {"server", "confirm", "7", "--yes"}}) {
    const auto outcome = Run(line);
    EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kUsage)) << outcome.err;
    EXPECT_EQ(outcome.err, "error: ensemble.yaml has no server 7; it has 1, 2, 3\n");
  }
}

TEST_F(ReleasesTest, RemoveSaysWhatAnAgentRefused) {
  releases_->refuse = true;
  const auto removed = Run({"releases", "remove", "3.9.4", "--server", "1", "--yes"});
  EXPECT_EQ(removed.code, static_cast<int>(ExitCode::kRefused));
  EXPECT_THAT(removed.out, HasSubstr("kept: it is needed"));
}

TEST_F(ReleasesTest, RemoveIsRefusedWhileARunIsOpen) {
  RunFile halted{.kind = "upgrade", .holder = "zoowarden://lab/operator"};
  halted.spec.name = "lab";
  halted.state.run_id = "r-1";
  halted.state.phase = core::RunPhase::kEnded;
  halted.state.outcome = core::RunOutcome::kHalted;
  for (auto& records : words_.records) {
    records.result = std::vector<RunRecord>{
        {.run_id = "r-1", .ensemble = "lab", .epoch = 3, .state_json = EncodeRun(halted)}};
  }
  const auto removed = Run({"releases", "remove", "3.8.4", "--yes"});
  EXPECT_NE(removed.code, 0);
  EXPECT_THAT(removed.err, HasSubstr("run r-1 is open"));
  EXPECT_THAT(releases_->removed, IsEmpty());
}

TEST_F(ReleasesTest, RemoveAsksAndRefusesWhatNobodyHas) {
  EXPECT_EQ(Run({"releases", "remove", "3.8.4"}).code, static_cast<int>(ExitCode::kUsage));
  const auto unknown = Run({"releases", "remove", "3.7.0", "--yes"});
  EXPECT_NE(unknown.code, 0);
  EXPECT_THAT(unknown.err, HasSubstr("zoowarden releases list"));
  EXPECT_THAT(releases_->removed, IsEmpty());
}

}  // namespace
}  // namespace zoowarden::controller
