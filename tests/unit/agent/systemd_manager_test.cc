#include "agent/lifecycle/systemd_manager.h"

#include "base/text.h"
#include "sys/files.h"
#include "sys/process.h"
#include "tests/support/child_process.h"
#include "tests/support/fake_unit_control.h"

#include <gtest/gtest.h>

#include <fstream>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using Calls = std::vector<std::string>;

constexpr const char* kUnit = "zookeeper.service";
constexpr const char* kMain = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

class SystemdManagerTest : public testing::Test {
 protected:
  SystemdManagerTest() {
    fs::create_directories(units_.path() / "proc");
    fs::create_directories(units_.path() / "data");
    systemd_.unit.run = {LaunchCommand(settings_, LaunchMode::kForeground)};
    systemd_.on_start = [](systemd::UnitState& unit) {
      unit.active_state = "active";
      unit.main_pid = getpid();  // whose command is not the launcher's
    };
  }

  SystemdManager Manager() {
    return {kUnit,
            settings_,
            UnitDropIn(kUnit, units_.path()),
            systemd_.Connector(),
            units_.path() / "proc"};
  }
  // As /proc shows it.
  void Process(pid_t pid, const std::vector<std::string>& command, const std::string& cgroup) {
    const fs::path directory = units_.path() / "proc" / std::to_string(pid);
    fs::create_directories(directory);
    std::error_code exists;
    fs::create_directory_symlink("/", directory / "root", exists);
    std::ofstream(directory / "cmdline") << base::Join(command, std::string(1, '\0')) << '\0';
    std::ofstream(directory / "cgroup") << cgroup;
    std::ofstream stat(directory / "stat");
    stat << pid << " (java) S";
    for (int field = 4; field < 23; ++field) {
      stat << " 7";
    }
  }
  // The main process of the unit.
  void Runs(pid_t pid, const std::vector<std::string>& command) {
    Process(pid, command, "0::/\n");
    systemd_.unit.active_state = "active";
    systemd_.unit.sub_state = "running";
    systemd_.unit.main_pid = pid;
    systemd_.calls.clear();
  }
  std::string WriteZooCfg(const fs::path& data) {
    const fs::path file = units_.path() / (data.filename().string() + ".cfg");
    std::ofstream(file) << "dataDir=" << data.string() << "\n";
    return file;
  }
  std::string Started() {
    const auto started = Manager().Start();
    return started ? "started" : started.error().reason();
  }
  [[nodiscard]] fs::path DropIn() const {
    return units_.path() / "zookeeper.service.d" / "zoowarden.conf";
  }

  sys::TempDir units_ = sys::TempDir::Create("/tmp", "zw-units-").value();
  LaunchSettings settings_{.launcher = "/usr/bin/zoowarden-launch",
                           .current = "/srv/generations/current",
                           .data_directory = units_.path() / "data",
                           .log_directory = "/srv/logs"};
  test::FakeSystemd systemd_;
};

TEST_F(SystemdManagerTest, RestartsAreCountedFromItsStartOn) {
  systemd_.unit.restarts = 4;
  EXPECT_EQ(Started(), "started");
  EXPECT_EQ(systemd_.calls, (Calls{"reset zookeeper.service", "start zookeeper.service"}));
  EXPECT_EQ(systemd_.unit.restarts, 0U);
  EXPECT_FALSE(fs::exists(DropIn()));
}

TEST_F(SystemdManagerTest, AUnitThatWaitsToRestartIsStoppedBeforeItIsStarted) {
  systemd_.unit.active_state = "activating";
  systemd_.unit.sub_state = "auto-restart";
  EXPECT_EQ(Started(), "started");
  EXPECT_EQ(
      systemd_.calls,
      (Calls{"stop zookeeper.service", "reset zookeeper.service", "start zookeeper.service"}));
}

TEST_F(SystemdManagerTest, AUnitInWhichSomethingElseRunsIsLeftAsItIs) {
  Runs(77, {"/usr/sbin/nginx", "-g", "daemon on;"});
  EXPECT_EQ(Started(), "start.unit_of_another");
  Runs(77, {settings_.launcher, "--data", "/srv/other", "start-foreground"});
  EXPECT_EQ(Started(), "start.unit_of_another");
  Runs(77, {"java", kMain, WriteZooCfg("/srv/other")});
  EXPECT_EQ(Started(), "start.unit_of_another");
  EXPECT_EQ(Manager().StartUnchanged().error().reason(), "start.unit_of_another");
  Runs(77, {"java", kMain, "/srv/other/removed.cfg"});
  EXPECT_EQ(Started(), "start.unit_of_another");
  EXPECT_EQ(systemd_.calls, Calls{});
  EXPECT_FALSE(fs::exists(DropIn()));
}

TEST_F(SystemdManagerTest, AnotherServersUnitIsToldByItsControlGroupToo) {
  Runs(77, {"/bin/sh", "/opt/zookeeper/run.sh"});
  Process(78, {"java", kMain, WriteZooCfg("/srv/other")}, "0::/system.slice/zookeeper.service\n");
  EXPECT_EQ(Started(), "start.unit_of_another");
  systemd_.unit.main_pid = 0;  // an init script's unit has none
  EXPECT_EQ(Started(), "start.unit_of_another");
  EXPECT_EQ(systemd_.calls, Calls{});
  Process(78, {"java", kMain, WriteZooCfg("/srv/other")}, "0::/system.slice/other.service\n");
  EXPECT_EQ(Started(), "started");
}

TEST_F(SystemdManagerTest, AUnitOfWhichItCannotBeToldWhoseItIsIsSaidToBeThat) {
  std::ofstream(units_.path() / "odd.cfg") << "clientPort=2181\n";
  Runs(77, {"java", kMain, units_.path() / "odd.cfg"});
  const auto started = Manager().Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason(), "start.unit_unclear");
  const std::string said = started.error().message();
  EXPECT_NE(said.find("cannot be told whether zookeeper.service is this server's"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("odd.cfg names no dataDir"), std::string::npos) << said;
  EXPECT_EQ(said.find("with other data"), std::string::npos) << said;
  EXPECT_EQ(systemd_.calls, Calls{});
}

TEST_F(SystemdManagerTest, WhatBelongsToThisServerIsBroughtToRest) {
  const std::vector<std::vector<std::string>> ours = {
      LaunchCommand(settings_, LaunchMode::kForeground),
      {"java", kMain, WriteZooCfg(settings_.data_directory)},
      {"/bin/bash", "/usr/local/bin/keep-it-running"},
      {"/usr/bin/python3", "/opt/zookeeper/watch.py"}};
  fs::create_directories(settings_.data_directory);
  for (const auto& command : ours) {
    Runs(77, command);
    EXPECT_EQ(Started(), "started") << command.front();
    EXPECT_EQ(systemd_.calls.front(), "stop zookeeper.service");
  }
}

TEST_F(SystemdManagerTest, AUnitThatDoesNotComeToRestIsNotStarted) {
  systemd_.unit.active_state = "deactivating";
  systemd_.on_stop = [](systemd::UnitState&) {};
  EXPECT_EQ(Started(), "start.unit_busy");
  EXPECT_EQ(systemd_.calls, Calls{"stop zookeeper.service"});
}

TEST_F(SystemdManagerTest, AUnitThatCannotBeLoadedIsNamed) {
  systemd_.unit.load_state = "not-found";
  EXPECT_EQ(Started(), "start.no_unit");
  systemd_.unit.load_state = "masked";
  EXPECT_EQ(Started(), "start.unit_masked");
  EXPECT_EQ(Manager().CheckStartable().error().reason(), "start.unit_masked");
  EXPECT_EQ(systemd_.calls, Calls{});
  systemd_.unit.load_state = "loaded";
  EXPECT_TRUE(Manager().CheckStartable());
}

TEST_F(SystemdManagerTest, AUnitWithAnotherCommandGetsADropInFirst) {
  const auto ours = systemd_.unit.run;
  systemd_.unit.run = {{"/opt/zookeeper/bin/zkServer.sh", "start"}};
  systemd_.on_reload = [&](systemd::UnitState& unit) { unit.run = ours; };
  EXPECT_EQ(Started(), "started");
  EXPECT_EQ(systemd_.calls,
            (Calls{"reload", "reset zookeeper.service", "start zookeeper.service"}));
  EXPECT_TRUE(fs::exists(DropIn()));
}

TEST_F(SystemdManagerTest, ADropInWithoutEffectStartsNothing) {
  systemd_.unit.run = {{"/opt/zookeeper/bin/zkServer.sh", "start"}};
  EXPECT_EQ(Started(), "start.drop_in_without_effect");
  EXPECT_EQ(systemd_.calls, (Calls{"reload", "reload"}));
  EXPECT_FALSE(fs::exists(DropIn())) << "the unit is its owner's again";
}

TEST_F(SystemdManagerTest, ALauncherThatFindsTheLockHeldIsALockedStart) {
  systemd_.on_start = [](systemd::UnitState& unit) {
    unit.active_state = "failed";
    unit.exit_status = 75;
  };
  EXPECT_EQ(Started(), "start.locked");
}

TEST_F(SystemdManagerTest, AFailedStartIsNotLeftToBeTriedAgain) {
  systemd_.on_start = [](systemd::UnitState& unit) {
    unit.active_state = "activating";
    unit.sub_state = "auto-restart";
    unit.result = "exit-code";
    unit.exit_status = 1;
  };
  const auto started = Manager().Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason(), "start.job_failed");
  EXPECT_EQ(started.error().message(),
            "systemd's start of zookeeper.service ended as 'done' (result exit-code, exit status "
            "1); look at journalctl -u zookeeper.service");
  EXPECT_EQ(systemd_.calls.back(), "stop zookeeper.service");
}

TEST_F(SystemdManagerTest, AJobThatEndsOtherwiseIsAFailedStart) {
  systemd_.start_result = "dependency";
  EXPECT_EQ(Started(), "start.job_failed");
}

TEST_F(SystemdManagerTest, AJobWithoutAResultIsUnderWay) {
  systemd_.start_result = "";
  systemd_.on_start = [](systemd::UnitState& unit) { unit.active_state = "activating"; };
  EXPECT_EQ(Started(), "started");
}

TEST_F(SystemdManagerTest, TheMainProcessIsStoppedByItsUnit) {
  test::ChildProcess child;
  systemd_.unit.main_pid = child.process().pid;
  EXPECT_TRUE(Manager().Signal(child.process(), StopSignal::kTerminate, {}));
  EXPECT_EQ(systemd_.calls, Calls{"stop zookeeper.service"});
  EXPECT_EQ(child.EndedBy(WNOHANG), 0);  // the fake one stops nothing
}

TEST_F(SystemdManagerTest, AnyOtherProcessIsSignalledAndTheUnitLeftAlone) {
  test::ChildProcess child;
  systemd_.unit.main_pid = getpid();
  EXPECT_TRUE(Manager().Signal(child.process(), StopSignal::kTerminate, {}));
  EXPECT_EQ(systemd_.calls, Calls{});
  EXPECT_EQ(child.EndedBy(0), SIGTERM);
}

TEST_F(SystemdManagerTest, APidThatIsAnotherProcessByNowStopsNothing) {
  test::ChildProcess child;
  model::Process before = child.process();
  before.start_time -= 1;
  systemd_.unit.main_pid = before.pid;
  const auto sent = Manager().Signal(before, StopSignal::kTerminate, {});
  ASSERT_FALSE(sent);
  EXPECT_TRUE(sent.error().Is(base::ErrorCode::kNotFound));
  EXPECT_EQ(systemd_.calls, Calls{});
}

TEST_F(SystemdManagerTest, WhatIsKilledStaysDownAndIsKilledWithoutSystemdToo) {
  test::ChildProcess child;
  systemd_.unit.main_pid = child.process().pid;
  EXPECT_TRUE(Manager().Signal(child.process(), StopSignal::kKill, {}));
  EXPECT_EQ(systemd_.calls, Calls{"stop zookeeper.service"});
  EXPECT_EQ(child.EndedBy(0), SIGKILL);
  test::ChildProcess other;
  systemd_.unreachable = base::Error(base::ErrorCode::kUnavailable, "no bus");
  EXPECT_TRUE(Manager().Signal(other.process(), StopSignal::kKill, {}));
  EXPECT_EQ(other.EndedBy(0), SIGKILL);
}

TEST_F(SystemdManagerTest, WithoutSystemdAStopIsRefusedBecauseItWouldComeBack) {
  test::ChildProcess child;
  systemd_.unreachable = base::Error(base::ErrorCode::kUnavailable, "no bus");
  EXPECT_FALSE(Manager().Signal(child.process(), StopSignal::kTerminate, {}));
  EXPECT_EQ(child.EndedBy(WNOHANG), 0);
}

TEST_F(SystemdManagerTest, AStopThatIsNotWantedAnyMoreIsNotAskedFor) {
  test::ChildProcess child;
  for (const auto main_pid : {child.process().pid, getpid()}) {
    systemd_.unit.main_pid = main_pid;
    const auto sent =
        Manager().Signal(child.process(), StopSignal::kTerminate, [] { return false; });
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().reason(), "stop.not_wanted");
  }
  EXPECT_EQ(systemd_.calls, Calls{});
  EXPECT_EQ(child.EndedBy(WNOHANG), 0);
}

TEST_F(SystemdManagerTest, WhetherAStopWithoutAnAnswerWasMadeIsNotKnown) {
  test::ChildProcess child;
  systemd_.unit.main_pid = child.process().pid;
  const auto said = [&](base::Error error) {
    systemd_.stop_error = std::move(error);
    const auto sent = Manager().Signal(child.process(), StopSignal::kTerminate, {});
    return sent ? "sent" : sent.error().reason();
  };
  EXPECT_EQ(said({base::ErrorCode::kUnavailable, "systemd.call_failed", "timed out"}),
            "stop.unanswered");
  EXPECT_EQ(said({base::ErrorCode::kPermissionDenied, "systemd.not_permitted", "no"}),
            "systemd.not_permitted");
}

TEST_F(SystemdManagerTest, OnlyTheUnitsMainProcessCanBeOneThatSystemdRestarted) {
  systemd_.unit.main_pid = 77;
  EXPECT_EQ(*Manager().RestartedBySupervisor({.pid = 77}), "");
  systemd_.unit.restarts = 2;
  EXPECT_EQ(*Manager().RestartedBySupervisor({.pid = 78}), "");
  EXPECT_EQ(*Manager().RestartedBySupervisor({.pid = 77}),
            "systemd restarted zookeeper.service by itself (restart 2): process 77 is not the one "
            "that was started");
  systemd_.unreachable = base::Error(base::ErrorCode::kUnavailable, "no bus");
  EXPECT_FALSE(Manager().RestartedBySupervisor({.pid = 77}));
}

}  // namespace
}  // namespace zoowarden::agent
