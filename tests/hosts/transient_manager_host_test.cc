#include "agent/lifecycle/transient_manager.h"
#include "tests/hosts/host_fixture.h"

#include <fcntl.h>
#include <sys/file.h>

#include <fstream>
#include <iterator>

namespace zoowarden::agent {
namespace {

class TransientOnAHost : public test::HostFixture {
 protected:
  TransientManager Manager() { return {kUnit, settings_, systemd::Connect}; }

  static constexpr const char* kUnit = "zookeeper-test-1.service";
};

TEST_F(TransientOnAHost, TheServerIsInAUnitOfItsOwnThatEndsWithIt) {
  ASSERT_TRUE(Manager().Start());
  const model::Process process = Appears();
  ASSERT_NE(process.pid, 0);
  EXPECT_EQ(process.generation, generation_);
  const systemd::UnitState state = Systemd().Read(kUnit).value();
  EXPECT_EQ(state.main_pid, process.pid);
  EXPECT_EQ(state.control_group, "/system.slice/zookeeper-test-1.service");
  std::ifstream groups("/proc/" + std::to_string(process.pid) + "/cgroup");
  const std::string group{std::istreambuf_iterator<char>(groups), std::istreambuf_iterator<char>()};
  EXPECT_NE(group.find(kUnit), std::string::npos);
  ASSERT_TRUE(Manager().Signal(process, StopSignal::kTerminate, {}));
  ASSERT_TRUE(Ends(process));
  EXPECT_TRUE(
      test::WaitFor([&] { return Systemd().Read(kUnit).value().load_state == "not-found"; }));
  EXPECT_TRUE(Manager().Start());
  EXPECT_NE(Appears().pid, 0);
}

TEST_F(TransientOnAHost, AServerThatRunsKeepsItsUnit) {
  ASSERT_TRUE(Manager().Start());
  const model::Process process = Appears();
  const auto again = Manager().Start();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason(), "start.unit_busy");
  EXPECT_EQ(Find()->pid, process.pid);
}

TEST_F(TransientOnAHost, AHeldLockIsALockedStartAndLeavesNoUnit) {
  const sys::UniqueFd lock(open(At("data").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
  const auto started = Manager().Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason(), "start.locked");
  EXPECT_TRUE(
      test::WaitFor([&] { return Systemd().Read(kUnit).value().load_state == "not-found"; }));
}

}  // namespace
}  // namespace zoowarden::agent
