// Starts that are refused before anything is started, each by its real cause: reason, sentence, and
// that nothing on the disk has changed.
#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/launcher/exit_codes.h"
#include "agent/lifecycle/start_conditions.h"
#include "agent/lifecycle/sysv_manager.h"
#include "agent/lifecycle/zkserver_manager.h"
#include "sys/files.h"
#include "sys/process.h"
#include "tests/support/everything.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

class StartRefusalsTest : public ::testing::Test {
 protected:
  std::string At(const std::string& name) const { return scratch_.path() / name; }
  void Write(const std::string& name, const std::string& content, mode_t mode = 0644) {
    fs::create_directories(fs::path(At(name)).parent_path());
    ASSERT_TRUE(sys::WriteFileAtomically(At(name), content, mode));
  }
  // A launcher that says why not.
  ZkserverManager LauncherThat(const std::string& script) {
    Write("launcher", "#!/bin/sh\n" + script + "\n", 0755);
    return ZkserverManager({.launcher = At("launcher"),
                            .current = At("generations/current"),
                            .data_directory = At("data"),
                            .log_directory = At("logs")});
  }
  void IsRefused(const std::string& reason,
                 const std::string& object,
                 const std::function<base::Status()>& start) {
    const auto before = test::Everything(scratch_.path());
    const base::Status started = start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().reason(), reason);
    const std::string& sentence = started.error().message();
    EXPECT_NE(sentence.find(object), std::string::npos) << sentence;
    const auto next = sentence.rfind("; ");
    EXPECT_TRUE(next != std::string::npos && next + 10 < sentence.size()) << sentence;
    EXPECT_EQ(test::Everything(scratch_.path()), before);
  }

  sys::TempDir scratch_ = sys::TempDir::Create("/tmp", "zw-start-").value();
};

// With that command line, until the test ends.
class Stranger {
 public:
  explicit Stranger(const std::string& configuration) : pid_(fork()) {
    // Ends by itself where nobody is left to end it.
    if (pid_ == 0) {
      execl("/usr/bin/perl",
            "perl",
            "-e",
            "sleep 60",
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            configuration.c_str(),
            nullptr);
      _exit(1);
    }
    const auto known = [this] {
      const auto seen = sys::ReadProcess(pid_);
      return seen && seen->command_line.size() > 3;
    };
    while (!known()) {
      usleep(1000);
    }
  }
  ~Stranger() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  [[nodiscard]] std::string pid() const { return std::to_string(pid_); }

 private:
  pid_t pid_;
};

TEST_F(StartRefusalsTest, WhatTheLauncherSaysIsHandedOnWithWhereToLook) {
  auto silent = LauncherThat("exit 3");
  IsRefused("start.launcher_failed", "the launcher ended with 3", [&] { return silent.Start(); });
  auto talking = LauncherThat("echo no such generation >&2; exit 1");
  IsRefused("start.launcher_failed", "no such generation; look into " + At("logs"), [&] {
    return talking.Start();
  });
  auto locked =
      LauncherThat("echo " + At("data") + " is locked >&2; exit " + std::to_string(kLaunchLocked));
  IsRefused("start.locked", At("data") + " is locked", [&] { return locked.Start(); });
}

TEST_F(StartRefusalsTest, WithoutAUnitOrScriptOfBeforeThereIsNothingToStartUnchanged) {
  auto manager = LauncherThat("exit 0");
  IsRefused("start.nothing_unchanged", "agent.yaml", [&] { return manager.StartUnchanged(); });
}

TEST_F(StartRefusalsTest, APidFileThatNamesAnotherZooKeeperIsLeftAsItIs) {
  const Stranger stranger("/elsewhere/zoo.cfg");
  Write("zookeeper.pid", stranger.pid() + "\n");
  SysvManager manager({.script = "/bin/true", .pid_file = At("zookeeper.pid")},
                      std::make_unique<ZkserverManager>(LaunchSettings{.launcher = "/bin/true"}));
  IsRefused("start.pid_file_of_another",
            At("zookeeper.pid") + " names process " + stranger.pid(),
            [&] { return manager.StartUnchanged(); });
}

TEST_F(StartRefusalsTest, WithoutAGenerationNothingIsStarted) {
  fs::create_directories(At("generations"));
  fs::create_directories(At("data"));
  IsRefused("start.no_generation", At("generations"), [&] {
    return CheckStartOfCurrent(At("generations/current"), At("data"));
  });
}

}  // namespace
}  // namespace zoowarden::agent
