#include "agent/service/first_installation.h"

#include "agent/lifecycle/process_finder.h"
#include "agent/service/instance.h"
#include "agent/service/instance_host.h"
#include "journal/agent_journal.h"
#include "sys/digest.h"
#include "sys/files.h"
#include "sys/manual_clock.h"
#include "tests/support/everything.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/service/config_below.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// Sleeps under a command line that the agent takes for a member's; ends at once in the directory
// of an operator who has made a mistake.
// With a file `foreign` there, the process that appears runs that configuration instead.
constexpr const char* kServerScript =
    "#!/bin/sh\n"
    "root=$(realpath \"$(dirname \"$2\")/../../..\")\n"
    "[ -e \"$root/broken\" ] && exit 1\n"
    "cfg=\"$2\"\n"
    "[ -e \"$root/foreign\" ] && cfg=\"$root/foreign\"\n"
    "perl -e 'sleep 20' org.apache.zookeeper.server.quorum.QuorumPeerMain \"$cfg\" >/dev/null "
    "2>&1 "
    "&\n";

class FirstInstallationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-first-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
    const std::string archive = MakeRelease("3.8.4", kServerScript);
    Write(At("release.tar.gz"), archive);
    request_.archive = At("release.tar.gz");
    request_.ensemble = {
        .name = "lab",
        .release = {.version = {3, 8, 4}, .sha512 = sys::Digest(sys::Hash::kSha512, archive)},
        .config = {.settings = {{"tickTime", "2000"}, {"initLimit", "10"}, {"syncLimit", "5"}}},
        // An address of its own: another ZooKeeper of this machine may listen on 2181.
        .servers = {
            {.id = {1}, .host = "127.0.11.1", .settings = {{"clientPortAddress", "127.0.11.1"}}},
            {.id = {2}, .host = "127.0.11.2"},
            {.id = {3}, .host = "127.0.11.3"}}};
    fs::create_directories(At("data"));
  }

  void TearDown() override {
    if (const auto running = Running()) {
      kill(running->pid, SIGKILL);
    }
  }

  config::AgentConfig Config() { return ConfigBelow(scratch_->path()); }

  std::string Install() {
    const auto installed = InstallFirst(Config(), request_, clock_);
    return installed ? "installed" : installed.error().reason();
  }

  std::optional<model::Process> Running() {
    ProcessFinder finder({.releases = At("releases"),
                          .generations = At("generations"),
                          .data_directory = At("data"),
                          .data_log_directory = At("data")});
    const FinderAnswer answer = finder.Find();
    return answer.found ? std::optional(answer.found->process) : std::nullopt;
  }

  // As when a first installation is killed before its data directory is prepared.
  void NoteBegun(const std::string& generation) {
    Write(At("state/first-installation.json"),
          R"({"format": 1, "generation": ")" + generation + R"(", "data_directory": ")" +
              At("data") + R"(", "data_log_directory": ")" + At("data") + R"("})");
  }
  void BeginAndDie() {
    ASSERT_TRUE(sys::EnsureDirectory(At("state"), 0700));
    fs::create_directories(At("data/version-2"));
    NoteBegun("0123456789abcdef");
  }

  [[nodiscard]] std::string At(const std::string& name) const { return scratch_->path() / name; }
  static void Write(const fs::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  std::optional<sys::TempDir> scratch_;
  sys::ManualClock clock_;
  FirstInstallation request_;
};

TEST_F(FirstInstallationTest, StartsTheServerAndIsThenOver) {
  ASSERT_EQ(Install(), "installed");
  ASSERT_TRUE(Running().has_value());
  EXPECT_EQ(Install(), "install.not_first");
}

TEST_F(FirstInstallationTest, AnotherEnsemblesFileIsRefused) {
  request_.ensemble.name = "another";
  EXPECT_EQ(Install(), "install.other_ensemble");
  EXPECT_FALSE(Running().has_value());
  EXPECT_FALSE(fs::exists(At("generations")));
}

TEST_F(FirstInstallationTest, WhatItCannotInstallFromIsNamedAndLeavesTheDataAlone) {
  const auto refused = [&](const std::string& reason, const std::string& sentence) {
    const auto before = test::Everything(At("data"));
    const auto installed = InstallFirst(Config(), request_, clock_);
    ASSERT_FALSE(installed);
    EXPECT_EQ(installed.error().reason(), reason);
    EXPECT_EQ(installed.error().message(), sentence);
    EXPECT_EQ(test::Everything(At("data")), before);
    EXPECT_FALSE(fs::exists(At("generations/current")));
    EXPECT_FALSE(Running().has_value());
  };
  request_.archive = At("nothing.tar.gz");
  refused("install.no_archive",
          "cannot read " + At("nothing.tar.gz") + "; name the release's archive");
  // The kernel says that it has 4,096 bytes and gives fewer.
  request_.archive = "/sys/kernel/uevent_seqnum";
  refused("install.archive_changed", "/sys/kernel/uevent_seqnum ended early; try again");
  request_.archive = At("release.tar.gz");
  request_.ensemble.servers.erase(request_.ensemble.servers.begin());
  refused("install.not_declared",
          "ensemble lab declares no server 1; declare it under `servers:`, or correct `server:` "
          "of agent.yaml");
}

TEST_F(FirstInstallationTest, AnotherInstallationsProcessThatAppearsIsNotTakenForItsOwn) {
  Write(At("foreign"), "clientPort=1\ndataDir=" + At("data") + "\n");
  EXPECT_EQ(Install(), "start.other_process");
  ASSERT_TRUE(Running().has_value());
}

TEST_F(FirstInstallationTest, AMemberWhoseConfigurationIsGoneIsReportedAsNotLookedAt) {
  ASSERT_EQ(Install(), "installed");
  const auto journal = OpenJournalOf(Config());
  const auto instance = Instance::Open(Config());
  ASSERT_TRUE(journal && instance);
  InstanceHost host(**instance, (*instance)->generations(), **journal, clock_);
  const core::Reality seen = host.Look({}, LookAt::kMember);
  ASSERT_TRUE(seen.process.has_value());
  EXPECT_TRUE(seen.member_looked);
  fs::remove(At("generations/" + seen.current + "/conf/zoo.cfg"));
  const core::Reality unseen = host.Look({}, LookAt::kMember);
  ASSERT_TRUE(unseen.process.has_value());
  EXPECT_FALSE(unseen.member_looked);
}

TEST_F(FirstInstallationTest, BesideALivingAgentItTouchesNothing) {
  const auto agent = OpenJournalOf(Config());
  ASSERT_TRUE(agent) << agent.error().message();
  const fs::path staging = At("generations") + "/.new-abc";
  fs::create_directories(staging);
  EXPECT_EQ(Install(), "journal.in_use");
  EXPECT_TRUE(fs::exists(staging));
}

TEST_F(FirstInstallationTest, OneThatDidNotStartIsFinishedByTheNext) {
  Write(At("broken"), "");
  ASSERT_NE(Install(), "installed");
  ASSERT_FALSE(Running().has_value());
  fs::remove(At("broken"));
  EXPECT_EQ(Install(), "installed");
  EXPECT_TRUE(Running().has_value());
}

// Empty as when nothing of it had been written yet.
TEST_F(FirstInstallationTest, OneThatWasKilledWhileItWroteMyidIsFinishedByTheNext) {
  BeginAndDie();
  Write(At("data/myid.tmp-a1B2c3"), "");
  Write(At("state/first-installation.json.tmp-a1B2c3"), "{");
  EXPECT_EQ(Install(), "installed");
  EXPECT_FALSE(fs::exists(At("data/myid.tmp-a1B2c3")));
  EXPECT_FALSE(fs::exists(At("state/first-installation.json.tmp-a1B2c3")));
}

TEST_F(FirstInstallationTest, WhatOnlyLooksLikeAnUnfinishedMyidIsSomebodysData) {
  BeginAndDie();
  Write(At("data/myid.tmp-a1B2c3"), "2\n");
  EXPECT_EQ(Install(), "install.not_first");
  fs::remove(At("data/myid.tmp-a1B2c3"));
  Write(At("data/myid.tmp"), "1\n");
  EXPECT_EQ(Install(), "install.not_first");
}

TEST_F(FirstInstallationTest, OneThatDidNotStartMayBeCorrected) {
  Write(At("broken"), "");
  ASSERT_NE(Install(), "installed");
  fs::remove(At("broken"));
  request_.ensemble.config.settings["tickTime"] = "3000";
  EXPECT_EQ(Install(), "installed");
}

TEST_F(FirstInstallationTest, OneWhoseServerHasWrittenIsFinishedAsItWasOnly) {
  Write(At("broken"), "");
  ASSERT_NE(Install(), "installed");
  fs::remove(At("broken"));
  Write(At("data/version-2/currentEpoch"), "1");
  auto other = request_;
  other.ensemble.config.settings["tickTime"] = "3000";
  const auto refused = InstallFirst(Config(), other, clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "install.other_generation");
  EXPECT_EQ(Install(), "installed");
}

TEST_F(FirstInstallationTest, ADataDirectoryThatHoldsAnythingElseIsRefused) {
  fs::create_directories(At("data/version-2"));
  Write(At("data/myid"), "1\n");  // as this command makes it, and yet not made by it
  EXPECT_EQ(Install(), "install.not_first");
  fs::remove_all(At("data/version-2"));
  fs::remove(At("data/myid"));

  Write(At("broken"), "");
  ASSERT_NE(Install(), "installed");
  fs::remove(At("broken"));
  fs::remove_all(At("generations"));  // and with it `current`
  Write(At("data/version-2/log.1"), "somebody's data");
  EXPECT_EQ(Install(), "install.not_first");
}

TEST_F(FirstInstallationTest, WhatAKillLeftOfThePreparationIsItsOwnWork) {
  BeginAndDie();
  fs::remove(At("data/version-2"));
  fs::create_directory(At("data/version-2.tmp-a1B2c3"));
  Write(At("data/myid.tmp-a1B2c3"), "");
  EXPECT_EQ(Install(), "installed");
  EXPECT_TRUE(fs::is_directory(At("data/version-2")));
  EXPECT_FALSE(fs::exists(At("data/version-2.tmp-a1B2c3")));
  EXPECT_FALSE(fs::exists(At("data/myid.tmp-a1B2c3")));
}

TEST_F(FirstInstallationTest, AnotherDiskInThePlaceOfThePreparedOneIsRefused) {
  Write(At("broken"), "");
  ASSERT_NE(Install(), "installed");
  fs::remove(At("broken"));
  fs::remove_all(At("data"));
  fs::create_directories(At("data"));
  EXPECT_EQ(Install(), "install.data_gone");
  EXPECT_FALSE(fs::exists(At("data/myid")));
}

TEST_F(FirstInstallationTest, OneWhoseServerCameUpUnseenIsOver) {
  ASSERT_EQ(Install(), "installed");
  const auto running = Running();
  const std::string digest = fs::read_symlink(At("generations/current"));
  // As when it is cut off right before its end.
  NoteBegun(digest);
  EXPECT_EQ(Install(), "installed");
  EXPECT_EQ(Running()->pid, running->pid);
  EXPECT_EQ(Install(), "install.not_first");
}

TEST_F(FirstInstallationTest, ADamagedOrNewerRecordIsNamed) {
  ASSERT_TRUE(sys::EnsureDirectory(At("state"), 0700));
  Write(At("state/first-installation.json"), "{");
  EXPECT_EQ(Install(), "install.damaged_record");
  Write(At("state/first-installation.json"), R"({"format": 2})");
  EXPECT_EQ(Install(), "install.unknown_format");
}

TEST_F(FirstInstallationTest, PluginsAreRefusedByNameBecauseOnlyTheControllerRunsThem) {
  request_.ensemble.plugins = {{.use = "file", .path = "vars/common.yaml"},
                               {.use = "exec", .command = {"./lookup"}}};
  const auto refused = InstallFirst(Config(), request_, clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "install.plugins");
  EXPECT_NE(refused.error().message().find("file, exec"), std::string::npos);
  EXPECT_FALSE(fs::exists(At("state")));
}

}  // namespace
}  // namespace zoowarden::agent
