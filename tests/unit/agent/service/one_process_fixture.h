// The real launcher, real processes, and a stand-in for ZooKeeper that sleeps.
#pragma once

#include "agent/service/first_installation.h"
#include "agent/service/instance.h"
#include "agent/service/instance_host.h"
#include "journal/agent_journal.h"
#include "sys/digest.h"
#include "sys/files.h"
#include "sys/manual_clock.h"
#include "sys/subprocess.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/service/agent_state.h"
#include "tests/unit/agent/service/config_below.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace zoowarden::agent {

// What a stand-in does all the time, in perl: what a shell forks looks like a second server until
// it executes something. None outlives a test that is killed.
inline std::string WhileThisTestRuns() {
  return "select undef, undef, undef, 0.1 while kill 0, " + std::to_string(::getpid());
}

// As the real one: believes the pid file, and writes it. `late` there: takes its time. `deaf`: the
// server notes a SIGTERM in `terms` and goes on, as soon as it has made `notes`.
inline std::string ServerScript() {
  return R"sh(#!/bin/sh
root=$(realpath "$(dirname "$2")/../../..")
[ -e "$root/late" ] && sleep 1
[ -f "$ZOOPIDFILE" ] && kill -0 "$(cat "$ZOOPIDFILE")" && exit 1
[ -e "$root/deaf" ] && deaf="use IO::File;
  \$SIG{TERM} = sub { print {IO::File->new('$root/terms', 'a')} qq(\n) };
  IO::File->new('$root/notes', 'w');"
rm -f "$root/notes"
perl -e "$deaf )sh" +
         WhileThisTestRuns() + R"sh(" org.apache.zookeeper.server.quorum.QuorumPeerMain "$2" \
  >/dev/null 2>&1 &
echo $! > "$ZOOPIDFILE"
)sh";
}

class OneProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = sys::TempDir::Create("/tmp", "zw-one-");
    ASSERT_TRUE(created) << created.error().message();
    scratch_.emplace(std::move(*created));
    std::filesystem::create_directories(At("data"));
    PrepareDisk();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    const std::string archive = MakeRelease("3.8.4", ServerScript());
    Write("release.tar.gz", archive);
    const FirstInstallation first{
        .archive = At("release.tar.gz"),
        .ensemble = {
            .name = "lab",
            .release = {.version = {3, 8, 4}, .sha512 = sys::Digest(sys::Hash::kSha512, archive)},
            .config = {.settings = {{"tickTime", "2000"}, {"initLimit", "10"}, {"syncLimit", "5"}}},
            .servers = {{.id = {1},
                         .host = "127.0.11.99",
                         .client_port = kPort,
                         .settings = {{"clientPortAddress", "127.0.11.99"}}},
                        {.id = {2}, .host = "127.0.11.98"},
                        {.id = {3}, .host = "127.0.11.97"}}}};
    const auto installed = InstallFirst(Config(), first, clock_);
    ASSERT_TRUE(installed) << installed.error().message();
    ASSERT_TRUE(WaitUntil([this] { return !Servers().empty(); }));
    KillServers();
    auto journal = OpenJournalOf(Config());
    ASSERT_TRUE(journal) << journal.error().message();
    journal_ = std::move(*journal);
    StartAgent();
  }

  void TearDown() override { KillServers(); }
  // Before anything lies in `data`.
  virtual void PrepareDisk() {}

  void KillServers() {
    for (const auto pid : Servers()) {
      ::kill(pid, SIGKILL);
    }
    EXPECT_TRUE(WaitUntil([this] { return Servers().empty(); }));
  }

  // The configuration of the generation that is current.
  std::string Configuration() {
    return At("generations/" + std::filesystem::read_symlink(At("generations/current")).string()) +
           "/conf/zoo.cfg";
  }

  // An agent that knows nothing of what the one before it has started.
  void StartAgent() {
    auto instance = Instance::Open(Config());
    ASSERT_TRUE(instance) << instance.error().message();
    host_.reset();
    instance_ = std::move(*instance);
    host_ = std::make_unique<InstanceHost>(*instance_, instance_->generations(), *journal_, clock_);
  }

  config::AgentConfig Config() { return ConfigBelow(scratch_->path()); }

  // One that is refused changes nothing on the disk.
  std::string Launch() {
    const auto before = StateOfAgent(scratch_->path());
    const auto launched = host_->Launch();
    if (!launched) {
      EXPECT_EQ(StateOfAgent(scratch_->path()), before) << launched.error().reason();
      EXPECT_NE(launched.error().message().find("; "), std::string::npos)
          << "no next step: " << launched.error().message();
    }
    return launched ? "launched" : launched.error().reason();
  }
  std::optional<model::Process> Seen() { return host_->Look({}, LookAt::kProcess).process; }
  bool WaitUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 500; ++i) {
      if (done()) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::optional<model::Process> LaunchAndSee() {
    // A stand-in that ends gives back its memory, and is nobody to us, before its lock.
    EXPECT_TRUE(WaitUntil([this] { return Launch() == "launched"; }));
    EXPECT_TRUE(WaitUntil([this] { return Seen().has_value() && IsReady(); }));
    return Seen();
  }

  [[nodiscard]] bool IsReady() const {
    return !std::filesystem::exists(At("deaf")) || std::filesystem::exists(At("notes"));
  }

  // Every stand-in of this test, counted from outside of the code under test.
  std::vector<pid_t> Servers() {
    return ProcessesWith({"QuorumPeerMain", scratch_->path().string()});
  }

  // Somebody else's start, without our launcher and its lock.
  void StartByHand(const std::string& configuration, const std::string& directory) {
    const auto ran = sys::RunProgram(
        {.executable = "/bin/sh",
         .arguments =
             {"-c",
              "cd \"$1\" && exec perl -e '" + WhileThisTestRuns() +
                  "' org.apache.zookeeper.server.quorum.QuorumPeerMain \"$2\" >/dev/null 2>&1 &",
              "sh",
              directory,
              configuration},
         .timeout = std::chrono::seconds(10),
         .descendants = sys::Descendants::kLeave});
    ASSERT_TRUE(ran && ran->succeeded());
    // Until its exec it is the shell that starts it, which is no server to anybody.
    const auto executed = [&](pid_t pid) {
      std::error_code gone;
      return std::filesystem::equivalent("/proc/" + std::to_string(pid) + "/cwd", directory, gone);
    };
    ASSERT_TRUE(WaitUntil([&] {
      const auto pids = ProcessesWith({std::string("\0select", 7), configuration});
      return std::any_of(pids.begin(), pids.end(), executed);
    }));
  }

  // Those with all of it in their command lines.
  static std::vector<pid_t> ProcessesWith(const std::vector<std::string>& words) {
    std::vector<pid_t> pids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const auto name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) {
        continue;
      }
      // One that ends meanwhile cannot be read.
      const auto line = sys::ReadFile(entry.path() / "cmdline", 100'000).value_or("");
      if (std::all_of(words.begin(), words.end(), [&](const std::string& word) {
            return line.find(word) != std::string::npos;
          })) {
        pids.push_back(std::stoi(name));
      }
    }
    return pids;
  }

  [[nodiscard]] std::string At(const std::string& name) const { return scratch_->path() / name; }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(At(name), std::ios::binary) << content;
  }

  static constexpr std::uint16_t kPort = 21811;
  std::optional<sys::TempDir> scratch_;
  sys::ManualClock clock_;
  std::unique_ptr<journal::AgentJournal> journal_;
  std::unique_ptr<Instance> instance_;
  std::unique_ptr<InstanceHost> host_;
};

}  // namespace zoowarden::agent
