// Server 1 of three as its agent sees it, with one release in an allowed directory.
#pragma once

#include "agent/service/instance.h"
#include "sys/digest.h"
#include "sys/files.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/service/config_below.h"

#include <gtest/gtest.h>

#include <fstream>

namespace zoowarden::agent {

// Server 1 of three runs generation `ran_`; ZooKeeper has rewritten its configuration since.
class InstanceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-instance-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
    sha512_ = Publish("3.8.4");
    Open({});
    const auto made = instance_->Stage(WithTickTime("2000"));
    ASSERT_TRUE(made) << made.error().message();
    ran_ = made->digest;
    std::filesystem::create_directory_symlink(ran_, At("generations/current"));
  }

  void Open(config::ReleasePolicy releases, config::SignaturePolicy signatures = {}) {
    instance_.reset();
    config::AgentConfig config = ConfigBelow(scratch_->path());
    config.archive_directories = {At("archives")};
    config.signatures = std::move(signatures);
    config.releases = std::move(releases);
    auto opened = Instance::Open(config);
    ASSERT_TRUE(opened) << opened.error().message();
    instance_ = std::move(*opened);
  }

  // Into the allowed directory; the archive's SHA-512.
  std::string Publish(const std::string& version) {
    const std::string archive = MakeRelease(version, "#!/bin/sh\n");
    Write(At("archives/" + version + ".tar.gz"), archive);
    return sys::Digest(sys::Hash::kSha512, archive);
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
    const std::filesystem::path dynamic =
        At("generations/" + ran_ + "/conf/zoo.cfg.dynamic.100000000");
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
  static void Write(const std::filesystem::path& path, std::string_view content) {
    std::filesystem::create_directories(path.parent_path());
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

}  // namespace zoowarden::agent
