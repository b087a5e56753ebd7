#include "agent/lifecycle/systemd_manager.h"
#include "tests/hosts/host_fixture.h"

#include <fcntl.h>
#include <sys/file.h>

namespace zoowarden::agent {
namespace {

using std::chrono::seconds;

constexpr const char* kUnit = "zw-test.service";

class SystemdOnAHost : public test::HostFixture {
 protected:
  SystemdManager Manager() { return {kUnit, settings_, UnitDropIn(kUnit), systemd::Connect}; }
  systemd::UnitState State() { return Systemd().Read(kUnit).value(); }

  // As somebody made it by hand, before there was an agent.
  void WriteForeignUnit(const std::string& more) {
    WriteUnit(kUnit,
              "Type=forking\n"
              "PIDFile=" +
                  At("logs/none.pid").string() +
                  "\n"
                  "ExecStart=" +
                  At("releases/r1/bin/zkServer.sh").string() + " start " + Configuration() +
                  "\n"
                  "ExecStop=/bin/false\n" +
                  more);
  }
  model::Process Start() {
    const auto started = Manager().Start();
    EXPECT_TRUE(started) << started.error().message();
    return Appears();
  }
};

TEST_F(SystemdOnAHost, StartsAndStopsTheUnitsMainProcess) {
  WriteForeignUnit("");
  const model::Process process = Start();
  EXPECT_EQ(process.generation, generation_);
  EXPECT_EQ(State().main_pid, process.pid);
  EXPECT_EQ(State().active_state, "active");
  EXPECT_EQ(State().control_group, "/system.slice/zw-test.service");
  EXPECT_EQ(*Manager().RestartedBySupervisor(process), "");
  ASSERT_TRUE(Manager().Signal(process, StopSignal::kTerminate, {}));
  EXPECT_TRUE(Ends(process));
  EXPECT_TRUE(test::WaitFor([&] { return State().ended(); }));
  EXPECT_EQ(State().result, "success");  // 143 is how a JVM ends
}

TEST_F(SystemdOnAHost, TheDropInLeavesSomebodyElsesUnitAsItIs) {
  WriteForeignUnit("");
  const auto before = State().run;
  ASSERT_NE(Start().pid, 0);
  EXPECT_EQ(*sys::ReadFile(UnitFile(), 10'000), content_);
  EXPECT_EQ(State().type, "exec");
  UnitDropIn drop_in(kUnit);
  ASSERT_TRUE(drop_in.Remove(Systemd()));
  EXPECT_EQ(State().run, before);
  EXPECT_EQ(State().type, "forking");
  EXPECT_FALSE(std::filesystem::exists(UnitFile().string() + ".d"));
}

TEST_F(SystemdOnAHost, AnAlwaysRestartingUnitStaysStopped) {
  WriteForeignUnit("Restart=always\nRestartSec=100ms\n");
  const model::Process process = Start();
  ASSERT_TRUE(Manager().Signal(process, StopSignal::kTerminate, {}));
  ASSERT_TRUE(Ends(process));
  EXPECT_TRUE(Stays([&] { return !Find(); }));
}

TEST_F(SystemdOnAHost, WhatIsKilledStaysDown) {
  WriteForeignUnit("Restart=always\nRestartSec=100ms\n");
  const model::Process process = Start();
  // The unit's stop, which comes first, may be enough.
  const auto killed = Manager().Signal(process, StopSignal::kKill, {});
  ASSERT_TRUE(killed || killed.error().Is(base::ErrorCode::kNotFound)) << killed.error().message();
  ASSERT_TRUE(Ends(process));
  EXPECT_TRUE(Stays([&] { return !Find(); }));
}

TEST_F(SystemdOnAHost, WhatSystemdRestartedIsNoticed) {
  WriteForeignUnit("Restart=always\nRestartSec=100ms\n");
  const model::Process first = Start();
  ASSERT_NE(first.pid, 0);  // or all of this process group would be killed
  kill(first.pid, SIGKILL);
  ASSERT_TRUE(Ends(first));
  const model::Process second = Appears();
  ASSERT_NE(second.pid, 0);
  EXPECT_NE(*Manager().RestartedBySupervisor(second), "");
}

TEST_F(SystemdOnAHost, AStartWhileSystemdIsAboutToRestartMakesOneProcess) {
  WriteForeignUnit("Restart=always\nRestartSec=3s\n");
  const model::Process first = Start();
  ASSERT_NE(first.pid, 0);  // or all of this process group would be killed
  kill(first.pid, SIGKILL);
  ASSERT_TRUE(test::WaitFor([&] { return State().sub_state == "auto-restart"; }));
  const model::Process second = Start();
  ASSERT_NE(second.pid, 0);
  EXPECT_EQ(*Manager().RestartedBySupervisor(second), "");
  std::this_thread::sleep_for(seconds(4));  // when systemd would have started it
  EXPECT_EQ(Find()->pid, second.pid);       // Find complains of a second process
}

TEST_F(SystemdOnAHost, AHeldLockIsALockedStartAndIsNotTriedAgain) {
  WriteForeignUnit("Restart=always\nRestartSec=100ms\n");
  const sys::UniqueFd lock(open(At("data").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
  const auto started = Manager().Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason(), "start.locked");
  EXPECT_TRUE(State().ended());
  EXPECT_EQ(State().restarts, 0U);
}

TEST_F(SystemdOnAHost, AJobThatFailsIsNamedAndIsNotTriedAgain) {
  WriteForeignUnit("Restart=always\nRestartSec=100ms\nExecStartPre=/bin/false\n");
  const auto started = Manager().Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason(), "start.job_failed");
  EXPECT_TRUE(Stays([&] { return State().ended() && !Find(); }));
}

TEST_F(SystemdOnAHost, AScriptThatEndsAtOnceLeavesNoProcessAndNoRestartAfterTheNextStart) {
  WriteForeignUnit("Restart=always\nRestartSec=100ms\n");
  Behave("exit 1");
  static_cast<void>(Manager().Start());  // how far the job came is a matter of milliseconds
  Behave("");
  const model::Process process = Start();
  ASSERT_NE(process.pid, 0);
  EXPECT_EQ(State().main_pid, process.pid);
}

TEST_F(SystemdOnAHost, AProcessOutsideOfTheUnitIsSignalledItself) {
  WriteForeignUnit("");
  const auto command = LaunchCommand(settings_, LaunchMode::kDetached);
  std::string line;
  for (const std::string& word : command) {
    line += word + " ";
  }
  ASSERT_EQ(system(line.c_str()), 0);
  const model::Process process = Appears();
  ASSERT_TRUE(Manager().Signal(process, StopSignal::kTerminate, {}));
  EXPECT_TRUE(Ends(process));
}

}  // namespace
}  // namespace zoowarden::agent
