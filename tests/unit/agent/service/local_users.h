// An agent on a machine with other users, and what it says of directories that they could get at.
#pragma once

#include "agent/install/generations.h"
#include "agent/service/own_directories.h"
#include "pki/enrolment.h"
#include "sys/digest.h"
#include "tests/unit/agent/service/running_agent.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::agent {

inline constexpr uid_t kSomebody = 65534;
inline constexpr const char* kSecret = "hunter2-of-the-key-store";

inline std::vector<std::filesystem::path> AllBelow(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> all{directory};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    all.push_back(entry.path());
  }
  return all;
}

inline void GiveAway(const std::filesystem::path& path) {
  EXPECT_EQ(::chown(path.c_str(), kSomebody, kSomebody), 0);
}

class LocalUsersTest : public RunningAgentTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can try as another user";
    }
    umask_ = ::umask(0);  // nothing depends on it
    RunningAgentTest::SetUp();
    // The tests' own directory keeps others out; an installation's parents do not.
    std::filesystem::permissions(scratch_->path(), std::filesystem::perms(0755));
  }
  void TearDown() override {
    RunningAgentTest::TearDown();
    if (umask_) {
      ::umask(*umask_);
    }
  }
  // A generation with a secret, an upload, keys, a token.
  void Fill() {
    ASSERT_TRUE(Acquire(Run(5)).ok());
    const std::string archive = std::string("archive ") + kSecret;
    const std::string sha512 = sys::Digest(sys::Hash::kSha512, archive);
    ASSERT_TRUE(Upload(pki::Role::kOperator, Run(5), sha512, archive).ok());
    ASSERT_TRUE(pki::MakeToken(scratch_->path() / "ca", 1, pki::UnixTime(3600), clock_));
    auto generations = Generations::Open(At("generations"), std::nullopt);
    ASSERT_TRUE(generations);
    ASSERT_TRUE(sys::EnsureDirectory(At("releases/3.8.4-aaaaaaaa"), 0755));
    const auto made = generations->Make(
        {.version = {3, 8, 4},
         .release_sha512 = std::string(128, 'a'),
         .release_directory = At("releases/3.8.4-aaaaaaaa"),
         .configuration_digest = std::string(64, 'c'),
         .server = {1},
         .declared_servers = 3,
         .settings = {{"ssl.keyStore.password", kSecret}},
         .files = {{"zoo.cfg", std::string("ssl.keyStore.password=") + kSecret + "\n"}}});
    ASSERT_TRUE(made) << made.error().message();
    ASSERT_TRUE(generations->SwitchTo(made->digest));
  }
  // Where the agent's own files may be, in a way that somebody else could exchange them.
  std::string ReasonFor(const std::function<void(const std::filesystem::path&)>& spoil,
                        const std::string& directory) {
    Stop();
    const std::filesystem::path path = At(directory);
    struct stat before {};
    EXPECT_EQ(::stat(path.c_str(), &before), 0);
    spoil(path);
    const auto listed = AllBelow(scratch_->path());
    const auto opened = AgentCore::Open(Config(), clock_);
    if (!opened) {
      EXPECT_EQ(AllBelow(scratch_->path()), listed) << "something was made";
    }
    EXPECT_EQ(::chown(path.c_str(), before.st_uid, before.st_gid), 0);
    EXPECT_EQ(::chmod(path.c_str(), before.st_mode & 07777U), 0);
    said_ = opened ? "" : opened.error().message();
    return opened ? "" : opened.error().reason();
  }

  std::string TokenOfServer1() {
    const auto token = pki::MakeToken(scratch_->path() / "ca", 1, pki::UnixTime(3600), clock_);
    EXPECT_TRUE(token);
    return token ? pki::PrintToken(*token) : "";
  }

  std::string ReasonOf(const config::AgentConfig& config) {
    const auto checked = CheckOwnDirectories(config);
    said_ = checked ? "" : checked.error().message();
    return checked ? "" : checked.error().reason();
  }

  std::string said_;
  std::optional<mode_t> umask_;
};

}  // namespace zoowarden::agent
