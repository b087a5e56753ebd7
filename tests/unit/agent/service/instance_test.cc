#include "agent/service/data_preparation.h"
#include "agent/service/installation_record.h"
#include "tests/support/everything.h"
#include "tests/unit/agent/install/gpg_home.h"
#include "tests/unit/agent/service/instance_fixture.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zoowarden::agent {
namespace {

TEST_F(InstanceTest, ANewGenerationThatWouldRunAloneWithTheCommittedMembersIsRefusedAtStaging) {
  LetZooKeeperCommit(kThree);
  EXPECT_EQ(Staged(WithTickTime("3000")), "staged");
  LetZooKeeperCommit(kAlone);
  EXPECT_EQ(Staged(WithTickTime("4000")), "config.standalone");
}

TEST_F(InstanceTest, SoIsOneThatIsThereAlready) {
  LetZooKeeperCommit(kThree);
  const auto made = instance().Stage(WithTickTime("3000"));
  ASSERT_TRUE(made) << made.error().message();
  const StageRequest again{.existing_generation = made->digest};
  EXPECT_EQ(Staged(again), "staged");
  LetZooKeeperCommit(kAlone);
  EXPECT_EQ(Staged(again), "config.standalone");
}

TEST_F(InstanceTest, WithoutAWayBackNothingIsStaged) {
  StageRequest newer = WithTickTime("2000");
  newer.release = {.version = {3, 9, 4}, .sha512 = Publish("3.9.4")};
  EXPECT_EQ(Staged(newer), "staged");
  std::ofstream(std::filesystem::canonical(At("generations/current/release")) / "bin/zkServer.sh",
                std::ios::app)
      << "#";
  EXPECT_EQ(Staged(newer), "staging.way_back");
}

TEST_F(InstanceTest, WhatRanBeforeAdoptionIsNotMadeUp) {
  StageRequest adopted = WithTickTime("2000");
  adopted.release.sha512 = model::kAdoptedRelease;
  const auto before = test::Everything(At(""));
  const auto staged = instance().Stage(adopted);
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().reason(), "generation.not_adopted");
  EXPECT_EQ(staged.error().message().find("release 3.8.4 as it ran before adoption"), 0U);
  EXPECT_NE(staged.error().message().find("; go back with 'zoowarden rollback'"),
            std::string::npos);
  EXPECT_EQ(test::Everything(At("")), before);
}

TEST_F(InstanceTest, AUserOfAgentYamlThatIsNotThereIsNamed) {
  config::AgentConfig config = ConfigBelow(At("another"));
  config.instance.user = "zw-nobody-of-that-name";
  const auto before = test::Everything(At(""));
  const auto opened = Instance::Open(config);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason(), "instance.unknown_user");
  EXPECT_EQ(opened.error().message(),
            "the user 'zw-nobody-of-that-name' of agent.yaml does not exist; create it");
  EXPECT_EQ(test::Everything(At("")), before);
}

TEST_F(InstanceTest, NothingBelowTheFloorOrDeniedIsInstalledWhateverTheControllerSays) {
  const std::string staged = StageOnly("3000");
  Open({.floor = model::Version{3, 9, 0}});
  EXPECT_EQ(Staged(WithTickTime("4000")), "release.below_floor");
  EXPECT_EQ(StagedAgain(staged), "release.below_floor");
  Open({.deny = {{3, 8, 4}}});
  EXPECT_EQ(Staged(WithTickTime("4000")), "release.denied");
  EXPECT_EQ(StagedAgain(staged), "release.denied");
  Open({.floor = model::Version{3, 8, 4}, .deny = {{3, 8, 3}}});
  EXPECT_EQ(Staged(WithTickTime("4000")), "staged");
}

TEST_F(InstanceTest, ANewLogDirectoryIsTheServersAndOneThatIsInUseStaysWhoseItIs) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can give a directory away";
  }
  const passwd* other = getpwnam("nobody");
  ASSERT_NE(other, nullptr);
  Write(At("used/something.log"), "");
  for (const auto& [name, owner] :
       {std::pair("made", other->pw_uid), std::pair("used", uid_t{0})}) {
    const auto opened = Instance::Open({.state_directory = At("other/state"),
                                        .instance = {.releases = At("other/releases"),
                                                     .generations = At("other/generations"),
                                                     .data_directory = At("other/data"),
                                                     .data_log_directory = At("other/data"),
                                                     .log_directory = At(name),
                                                     .user = "nobody"}});
    ASSERT_TRUE(opened) << opened.error().message();
    struct stat status {};
    ASSERT_EQ(stat(At(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, owner) << name;
  }
}

// An agent without privileges has no right to give files away, its own to itself included.
TEST_F(InstanceTest, NothingIsGivenToTheUserThatTheAgentRunsAs) {
  const passwd* own = getpwuid(geteuid());
  ASSERT_NE(own, nullptr);
  const auto opened = Instance::Open({.state_directory = At("other/state"),
                                      .instance = {.releases = At("other/releases"),
                                                   .generations = At("other/generations"),
                                                   .data_directory = At("other/data"),
                                                   .data_log_directory = At("other/data"),
                                                   .log_directory = At("other/logs"),
                                                   .user = own->pw_name}});
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_FALSE((*opened)->owner());
}

TEST_F(InstanceTest, WhatRanHereMayBeReturnedTo) {
  const std::string other = StageOnly("3000");
  ASSERT_TRUE(instance().generations().SwitchTo(other));
  Open({.floor = model::Version{3, 9, 0}, .deny = {{3, 8, 4}}}, {.required = true});
  EXPECT_EQ(StagedAgain(ran()), "staged");
  EXPECT_EQ(StagedAgain(other), "staged");
}

TEST_F(InstanceTest, NothingUnsignedIsInstalledWhateverTheControllerSays) {
  const std::string unsigned_one = StageOnly("3000");
  const GpgHome gpg;
  const std::string key = gpg.NewKey("signer", "never");
  gpg.Run({"--export", "--output", gpg.At("keys.gpg")});
  const config::SignaturePolicy required{
      .required = true, .keyring = gpg.At("keys.gpg"), .fingerprints = {key}};
  Open({}, required);
  StageRequest request = WithTickTime("4000");
  request.signature_required = false;
  EXPECT_EQ(Staged(request), "signature.missing");
  EXPECT_EQ(StagedAgain(unsigned_one), "signature.missing");

  request.signature = gpg.Sign(key, At("archives/3.8.4.tar.gz"));
  const auto made = instance().Stage(request);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(StagedAgain(made->digest), "staged");
  Open({}, {.required = true, .keyring = required.keyring, .fingerprints = {std::string(40, 'A')}});
  EXPECT_EQ(StagedAgain(made->digest), "signature.not_pinned");
}

// The data directory is its user's, who may plant what root would then write through.
TEST_F(InstanceTest, DataDirectoriesAreNotPreparedThroughLinks) {
  const std::string victim = At("victim");
  std::filesystem::create_directories(victim);
  std::filesystem::create_directories(At("data"));
  std::filesystem::create_directory_symlink(victim, At("data/version-2"));
  EXPECT_FALSE(PrepareDataDirectories(instance()));
  EXPECT_FALSE(std::filesystem::exists(At("data/myid")));
  std::filesystem::remove(At("data/version-2"));
  Write(At("victim/file"), "untouched");
  std::filesystem::create_symlink(At("victim/file"), At("data/myid"));
  // Taken for an earlier call's, which the start guard judges.
  EXPECT_TRUE(PrepareDataDirectories(instance()));
  EXPECT_EQ(sys::ReadFile(At("victim/file"), 100).value(), "untouched");
}

TEST_F(InstanceTest, ARecordOfAnInstallationIsNeitherReadNorWrittenThroughALink) {
  const InstallationRecord record{
      .generation = ran(), .data_directory = At("data"), .data_log_directory = At("data")};
  ASSERT_TRUE(WriteInstallationRecord(At("state"), record));
  std::filesystem::rename(At("state/first-installation.json"), At("elsewhere"));
  std::filesystem::create_symlink(At("elsewhere"), At("state/first-installation.json"));
  const auto read = ReadInstallationRecord(At("state"));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason(), "path.link");
  ASSERT_TRUE(RemoveInstallationRecord(At("state")));
  EXPECT_TRUE(std::filesystem::exists(At("elsewhere")));
}

}  // namespace
}  // namespace zoowarden::agent
