#include "agent/lifecycle/sysv_manager.h"

#include "sys/files.h"
#include "tests/support/child_process.h"
#include "tests/support/fake_unit_control.h"

#include <gtest/gtest.h>

namespace zoowarden::agent {
namespace {

using Calls = std::vector<std::string>;

// Starts nothing, signals as the base class does.
class Launches final : public ServiceManager {
 public:
  explicit Launches(Calls& calls) : calls_(&calls) {}
  base::Status Start() override {
    calls_->emplace_back("launch");
    return base::Ok();
  }
  base::Status StartUnchanged() override {
    calls_->emplace_back("unchanged");
    return base::Ok();
  }

 private:
  Calls* calls_;
};

class SysvManagerTest : public testing::Test {
 protected:
  SysvManager Manager(bool with_systemd = true) {
    return {{.script = scratch_.path() / "script",
             .pid_file = scratch_.path() / "pid",
             .unit = "zookeeper.service",
             .connect = with_systemd ? systemd_.Connector() : systemd::Connector()},
            std::make_unique<Launches>(systemd_.calls)};
  }
  void Write(const std::string& name, const std::string& content, mode_t mode = 0644) {
    ASSERT_TRUE(sys::WriteFileAtomically(scratch_.path() / name, content, mode));
  }

  sys::TempDir scratch_ = sys::TempDir::Create("/tmp", "zw-sysv-").value();
  test::FakeSystemd systemd_;
};

TEST_F(SysvManagerTest, TheServerIsSignalledAndItsUnitIsToldToo) {
  test::ChildProcess child;
  systemd_.unit.active_state = "active";  // and without a main process, as it always is
  Write("pid", std::to_string(child.process().pid) + "\n");
  EXPECT_TRUE(Manager().Signal(child.process(), StopSignal::kTerminate, {}));
  EXPECT_EQ(child.EndedBy(0), SIGTERM);
  EXPECT_EQ(systemd_.calls, Calls{"stop zookeeper.service"});
}

TEST_F(SysvManagerTest, AScriptThatWouldSignalSomebodyElseIsNotRun) {
  test::ChildProcess child;
  test::ChildProcess stranger;
  systemd_.unit.active_state = "active";
  Write("pid", std::to_string(stranger.process().pid));
  EXPECT_TRUE(Manager().Signal(child.process(), StopSignal::kTerminate, {}));
  EXPECT_EQ(child.EndedBy(0), SIGTERM);
  EXPECT_EQ(systemd_.calls, Calls{});
}

TEST_F(SysvManagerTest, AUnitThatCannotBeToldCostsNoStop) {
  test::ChildProcess child;
  systemd_.unreachable = base::Error(base::ErrorCode::kUnavailable, "no bus");
  EXPECT_TRUE(Manager().Signal(child.process(), StopSignal::kTerminate, {}));
  EXPECT_EQ(child.EndedBy(0), SIGTERM);
}

TEST_F(SysvManagerTest, AStalePidKeepsNoScriptFromStarting) {
  test::ChildProcess stranger;
  Write("pid", std::to_string(stranger.process().pid));
  EXPECT_TRUE(Manager().StartUnchanged());
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "pid"));
  EXPECT_EQ(systemd_.calls, Calls{"unchanged"});
}

TEST_F(SysvManagerTest, WithoutSystemdTheScriptItselfIsRunAndNotBelieved) {
  Write("script", "#!/bin/sh\necho \"$1\" > \"${0%/*}/asked\"\nexit 1\n", 0755);
  EXPECT_TRUE(Manager(false).StartUnchanged());
  EXPECT_EQ(*sys::ReadFile(scratch_.path() / "asked", 100), "start\n");
}

TEST_F(SysvManagerTest, GenerationsOfOursAreNotTheScriptsToStart) {
  EXPECT_TRUE(Manager().Start());
  EXPECT_EQ(systemd_.calls, Calls{"launch"});
}

}  // namespace
}  // namespace zoowarden::agent
