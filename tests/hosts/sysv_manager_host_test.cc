#include "agent/lifecycle/systemd_manager.h"
#include "agent/lifecycle/sysv_manager.h"
#include "tests/hosts/host_fixture.h"

namespace zoowarden::agent {
namespace {

constexpr const char* kUnit = "zw-sysv-test.service";
constexpr const char* kScript = "/etc/init.d/zw-sysv-test";

class SysvOnAHost : public test::HostFixture {
 protected:
  void SetUp() override {
    HostFixture::SetUp();
    if (IsSkipped()) {
      return;
    }
    unit_ = kUnit;  // for its drop-ins; systemd generates it from the script
    ASSERT_TRUE(
        sys::WriteFileAtomically(kScript,
                                 "#!/bin/sh\n"
                                 "### BEGIN INIT INFO\n"
                                 "# Provides: zw-sysv-test\n"
                                 "# Required-Start:\n"
                                 "# Required-Stop:\n"
                                 "# Default-Start: 2\n"
                                 "# Default-Stop: 0\n"
                                 "### END INIT INFO\n"
                                 "pid=" +
                                     At("logs/pid").string() + "\nif [ \"$1\" = start ]; then " +
                                     At("releases/r1/bin/zkServer.sh").string() + " start " +
                                     Configuration() + " & sleep 0.2; pgrep -f " + Configuration() +
                                     " | head -n 1 > $pid; fi\n"
                                     "if [ \"$1\" = stop ]; then kill \"$(cat $pid)\"; rm -f "
                                     "$pid; fi\nexit 0\n",
                                 0755));
    ASSERT_TRUE(Systemd().Reload());
  }
  void TearDown() override {
    HostFixture::TearDown();
    std::filesystem::remove(kScript);
  }

  SysvManager Manager() {
    return {
        {.script = kScript, .pid_file = At("logs/pid"), .unit = kUnit, .connect = systemd::Connect},
        std::make_unique<SystemdManager>(kUnit, settings_, UnitDropIn(kUnit), systemd::Connect)};
  }
  systemd::UnitState State() { return Systemd().Read(kUnit).value(); }
};

TEST_F(SysvOnAHost, AUnitThatStaysActiveAfterItsServerDiedIsStartedAllTheSame) {
  ASSERT_TRUE(Manager().StartUnchanged());
  const model::Process first = Appears();
  ASSERT_NE(first.pid, 0);
  EXPECT_EQ(State().main_pid, 0);
  kill(first.pid, SIGKILL);
  ASSERT_TRUE(Ends(first));
  EXPECT_EQ(State().active_state, "active");  // which is why nobody asks it
  ASSERT_TRUE(Manager().StartUnchanged());
  EXPECT_NE(Appears().pid, 0);
}

TEST_F(SysvOnAHost, AfterAStopTheUnitSaysSo) {
  ASSERT_TRUE(Manager().StartUnchanged());
  const model::Process process = Appears();
  ASSERT_TRUE(Manager().Signal(process, StopSignal::kTerminate, {}));
  EXPECT_TRUE(Ends(process));
  EXPECT_TRUE(test::WaitFor([&] { return State().ended(); }));
}

TEST_F(SysvOnAHost, AGenerationOfOursRunsByADropInAndTheScriptIsBackWithoutIt) {
  ASSERT_TRUE(Manager().Start());
  const model::Process ours = Appears();
  EXPECT_EQ(State().main_pid, ours.pid);
  ASSERT_TRUE(Manager().Signal(ours, StopSignal::kTerminate, {}));
  ASSERT_TRUE(Ends(ours));
  ASSERT_TRUE(Manager().StartUnchanged());
  EXPECT_NE(Appears().pid, 0);
  EXPECT_EQ(State().main_pid, 0);
}

}  // namespace
}  // namespace zoowarden::agent
