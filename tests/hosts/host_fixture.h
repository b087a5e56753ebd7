// One instance on a machine with a real systemd, and a stand-in for ZooKeeper's start script whose
// process has the command line of a member.
#pragma once

#include "agent/install/generations.h"
#include "agent/install/release_record.h"
#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/process_finder.h"
#include "sys/digest.h"
#include "sys/files.h"
#include "sys/process.h"
#include "systemd/unit_control.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace zoowarden::test {

inline bool WaitFor(const std::function<bool()>& condition,
                    std::chrono::milliseconds patience = std::chrono::seconds(15)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

class HostFixture : public testing::Test {
 protected:
  static constexpr model::Version kVersion{3, 8, 4};
  inline static const std::string kArchive = std::string(128, 'a');  // its SHA-512

  void SetUp() override {
    if (getenv("ZOOWARDEN_TEST_HOST") == nullptr) {
      GTEST_SKIP() << "changes units of this machine; ZOOWARDEN_TEST_HOST=1 says that it may";
    }
    for (const char* name : {"data/version-2", "logs", "releases/r1/bin"}) {
      std::filesystem::create_directories(At(name));
    }
    Write("data/myid", "1\n");
    Behave("");
    Install();
    auto launcher = agent::FindLauncher();
    ASSERT_TRUE(launcher) << launcher.error().message();
    settings_ = {.launcher = *launcher,
                 .current = At("generations/current"),
                 .data_directory = At("data"),
                 .log_directory = At("logs"),
                 .java_home = "",
                 .user = ""};
  }

  void TearDown() override {
    if (settings_.launcher.empty()) {
      return;
    }
    if (!unit_.empty()) {
      static_cast<void>(Systemd().Stop(unit_, std::chrono::seconds(10)));
      std::filesystem::remove_all(UnitFile());
      std::filesystem::remove_all(UnitFile().string() + ".d");
      static_cast<void>(Systemd().Reload());
    }
    while (const auto left = Find()) {
      kill(left->pid, SIGKILL);
    }
  }

  // `at_start` is what the start script does before it becomes the member. Perl is on every Debian,
  // and waits without a child that would look like a second member.
  void Behave(const std::string& at_start) {
    const std::string member =
        "/usr/bin/perl -e '$SIG{TERM} = sub { exit 143 }; sleep 1 while 1' "
        "org.apache.zookeeper.server.quorum.QuorumPeerMain \"$2\"";
    Write("releases/r1/bin/zkServer.sh",
          "#!/bin/sh\n" + at_start + "\nif [ \"$1\" = start ]; then " + member +
              " & exit 0; fi\nexec " + member + "\n");
    std::filesystem::permissions(At("releases/r1/bin/zkServer.sh"), std::filesystem::perms(0755));
    // The launcher starts no release that was changed since it was unpacked.
    const auto script = sys::ReadFile(At("releases/r1/bin/zkServer.sh"), 10'000).value();
    Write("releases/r1/zoowarden-release.json",
          agent::PrintReleaseRecord(
              {.version = kVersion,
               .sha512 = kArchive,
               .files = {{.path = "bin/zkServer.sh",
                          .size = script.size(),
                          .executable = true,
                          .sha256 = sys::Digest(sys::Hash::kSha256, script)}}}));
  }

  // A complete generation, as an agent makes it, is current.
  void Install() {
    auto generations = agent::Generations::Open(At("generations"), std::nullopt);
    ASSERT_TRUE(generations) << generations.error().message();
    const auto made = generations->Make(
        {.version = kVersion,
         .release_sha512 = kArchive,
         .release_directory = At("releases/r1"),
         .configuration_digest = std::string(64, 'c'),
         .server = {1},
         .declared_servers = 3,
         .settings = {},
         .files = {{"zoo.cfg",
                    "dataDir=" + At("data").string() +
                        "\ntickTime=2000\ninitLimit=10\nsyncLimit=5\nclientPort=21810\n"
                        "server.1=127.0.0.1:21811:21812\nserver.2=127.0.0.2:21811:21812\n"
                        "server.3=127.0.0.3:21811:21812\n"}}});
    ASSERT_TRUE(made) << made.error().message();
    generation_ = made->digest;
    const auto switched = generations->SwitchTo(generation_);
    ASSERT_TRUE(switched) << switched.error().message();
  }
  [[nodiscard]] std::string Configuration() const {
    return At("generations/" + generation_ + "/conf/zoo.cfg").string();
  }

  // A unit of somebody's; `service` is its section.
  void WriteUnit(const std::string& name, const std::string& service) {
    unit_ = name;
    content_ = "[Unit]\nDescription=of the test\n[Service]\n" + service;
    ASSERT_TRUE(sys::WriteFileAtomically(UnitFile(), content_, 0644));
    ASSERT_TRUE(Systemd().Reload());
  }
  [[nodiscard]] std::filesystem::path UnitFile() const { return "/etc/systemd/system/" + unit_; }

  [[nodiscard]] std::optional<model::Process> Find() const {
    agent::ProcessFinder finder({.releases = At("releases"),
                                 .generations = At("generations"),
                                 .data_directory = At("data"),
                                 .data_log_directory = At("data")});
    const auto answer = finder.Find();
    EXPECT_EQ(answer.problem, "");  // which would name a second process
    return answer.found ? std::optional(answer.found->process) : std::nullopt;
  }
  // Empty (pid 0) when none comes.
  [[nodiscard]] model::Process Appears() const {
    std::optional<model::Process> found;
    WaitFor([&] { return (found = Find()).has_value(); });
    return found.value_or(model::Process{});
  }
  [[nodiscard]] static bool Ends(const model::Process& process) {
    return WaitFor(
        [&] { return !sys::PidFd::Open({.pid = process.pid, .start_time = process.start_time}); });
  }
  // Whether it is still as `condition` says after a time in which a supervisor would have acted.
  [[nodiscard]] static bool Stays(const std::function<bool()>& condition) {
    return !WaitFor([&] { return !condition(); }, std::chrono::seconds(2));
  }

  systemd::UnitControl& Systemd() {
    if (!systemd_) {
      systemd_ = systemd::Connect().value();
    }
    return *systemd_;
  }
  [[nodiscard]] std::filesystem::path At(const std::string& name) const {
    return scratch_.path() / name;
  }
  void Write(const std::string& name, const std::string& content) const {
    ASSERT_TRUE(sys::WriteFileAtomically(At(name), content, 0644));
  }

  sys::TempDir scratch_ = sys::TempDir::Create("/var/tmp", "zw-host-").value();
  agent::LaunchSettings settings_;
  std::string generation_;
  std::string unit_;
  std::string content_;
  std::unique_ptr<systemd::UnitControl> systemd_;
};

}  // namespace zoowarden::test
