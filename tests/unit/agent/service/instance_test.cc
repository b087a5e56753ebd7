#include "agent/service/instance.h"

#include "sys/digest.h"
#include "sys/files.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/install/gpg_home.h"

#include <gtest/gtest.h>

#include <fstream>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// Server 1 of three runs generation `ran_`; ZooKeeper has rewritten its configuration since.
class InstanceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-instance-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
    const std::string archive = MakeRelease("3.8.4", "#!/bin/sh\n");
    sha512_ = sys::Digest(sys::Hash::kSha512, archive);
    Write(At("archives/release.tar.gz"), archive);
    Open({});
    const auto made = instance_->Stage(WithTickTime("2000"));
    ASSERT_TRUE(made) << made.error().message();
    ran_ = made->digest;
    fs::create_directory_symlink(ran_, At("generations/current"));
  }

  void Open(config::ReleasePolicy releases, config::SignaturePolicy signatures = {}) {
    instance_.reset();
    auto opened = Instance::Open({.ensemble = "lab",
                                  .server = {1},
                                  .state_directory = At("state"),
                                  .instance = {.releases = At("releases"),
                                               .generations = At("generations"),
                                               .data_directory = At("data"),
                                               .data_log_directory = At("data"),
                                               .log_directory = At("logs")},
                                  .archive_directories = {At("archives")},
                                  .signatures = std::move(signatures),
                                  .releases = std::move(releases)});
    ASSERT_TRUE(opened) << opened.error().message();
    instance_ = std::move(*opened);
  }

  // Makes a generation that never ran.
  [[nodiscard]] std::string StageOnly(const std::string& tick_time) {
    const auto made = instance_->Stage(WithTickTime(tick_time));
    EXPECT_TRUE(made) << made.error().message();
    return made ? made->digest : "";
  }
  [[nodiscard]] std::string StagedAgain(const std::string& digest) {
    return Staged({.existing_generation = digest});
  }
  [[nodiscard]] const std::string& ran() const { return ran_; }

  // As a reconfiguration leaves it.
  void LetZooKeeperCommit(const std::string& members) {
    const fs::path dynamic = At("generations/" + ran_ + "/conf/zoo.cfg.dynamic.100000000");
    Write(dynamic, members);
    Write(At("generations/" + ran_ + "/conf/zoo.cfg"),
          "tickTime=2000\ninitLimit=10\nsyncLimit=5\nreconfigEnabled=true\ndataDir=" + At("data") +
              "\ndynamicConfigFile=" + dynamic.string() + "\n");
  }

  [[nodiscard]] StageRequest WithTickTime(const std::string& tick_time) const {
    StageRequest request{.release = {.version = {3, 8, 4}, .sha512 = sha512_},
                         .configuration = {.settings = {{"tickTime", tick_time},
                                                        {"initLimit", "10"},
                                                        {"syncLimit", "5"},
                                                        {"reconfigEnabled", "true"}}},
                         .client_port = 2181};
    for (std::uint32_t id = 1; id <= 3; ++id) {
      request.members.push_back({.id = {id},
                                 .host = "127.0.11." + std::to_string(id),
                                 .quorum_port = 2888,
                                 .election_port = 3888});
    }
    return request;
  }

  [[nodiscard]] std::string Staged(const StageRequest& request) {
    const auto staged = instance_->Stage(request);
    return staged ? "staged" : staged.error().reason();
  }

  [[nodiscard]] std::string At(const std::string& name) const { return scratch_->path() / name; }
  static void Write(const fs::path& path, std::string_view content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }

  static constexpr const char* kAlone = "server.1=127.0.11.1:2888:3888;2181\n";
  static constexpr const char* kThree =
      "server.1=127.0.11.1:2888:3888;2181\nserver.2=127.0.11.2:2888:3888;2181\n"
      "server.3=127.0.11.3:2888:3888;2181\n";

  [[nodiscard]] Instance& instance() { return *instance_; }

 private:
  std::optional<sys::TempDir> scratch_;
  std::string sha512_;
  std::unique_ptr<Instance> instance_;
  std::string ran_;
};

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

TEST_F(InstanceTest, WhatRanHereMayBeReturnedTo) {
  const std::string other = StageOnly("3000");
  auto generations = instance().OpenGenerations();
  ASSERT_TRUE(generations);
  ASSERT_TRUE(generations->SwitchTo(other));
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

  request.signature = gpg.Sign(key, At("archives/release.tar.gz"));
  const auto made = instance().Stage(request);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(StagedAgain(made->digest), "staged");
  Open({}, {.required = true, .keyring = required.keyring, .fingerprints = {std::string(40, 'A')}});
  EXPECT_EQ(StagedAgain(made->digest), "signature.not_pinned");
}

}  // namespace
}  // namespace zoowarden::agent
