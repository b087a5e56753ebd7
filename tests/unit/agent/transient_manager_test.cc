#include "agent/lifecycle/transient_manager.h"

#include "tests/support/fake_unit_control.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace zoowarden::agent {
namespace {

class TransientManagerTest : public testing::Test {
 protected:
  TransientManager Manager() {
    return {"zookeeper-lab-1.service", settings_, systemd_.Connector()};
  }

  LaunchSettings settings_{.launcher = "/usr/bin/zoowarden-launch",
                           .current = "/srv/generations/current",
                           .data_directory = "/srv/data",
                           .log_directory = "/srv/logs",
                           .user = "zookeeper"};
  test::FakeSystemd systemd_;
};

TEST_F(TransientManagerTest, RunsTheLauncherInTheForegroundAsTheInstancesUser) {
  systemd_.on_start = [](systemd::UnitState& unit) {
    unit.active_state = "active";
    unit.main_pid = getpid();
  };
  ASSERT_TRUE(Manager().Start());
  ASSERT_TRUE(systemd_.transient);
  EXPECT_EQ(systemd_.transient->command, LaunchCommand(settings_, LaunchMode::kForeground));
  EXPECT_EQ(systemd_.transient->user, "zookeeper");
}

TEST_F(TransientManagerTest, ALauncherThatFindsTheLockHeldIsALockedStart) {
  systemd_.on_start = [](systemd::UnitState& unit) {
    unit.active_state = "failed";
    unit.exit_status = 75;
  };
  const auto started = Manager().Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason(), "start.locked");
}

TEST_F(TransientManagerTest, WithoutTheBusNothingIsStartedInTheAgentsOwnGroup) {
  systemd_.unreachable =
      base::Error(base::ErrorCode::kUnavailable, "systemd.unreachable", "no bus");
  const auto started = Manager().Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason(), "systemd.unreachable");
}

TEST_F(TransientManagerTest, TheUnitIsNamedAfterTheServer) {
  EXPECT_EQ(TransientUnitName("lab", {3}), "zookeeper-lab-3.service");
}

}  // namespace
}  // namespace zoowarden::agent
