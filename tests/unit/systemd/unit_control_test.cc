// What systemd refuses, as the agent tells it: a real bus of the test's own, and on it a manager
// that refuses everything.
#include "systemd/unit_control.h"

#include "sys/files.h"

#include <gtest/gtest.h>
#include <sdbus-c++/sdbus-c++.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace zoowarden::systemd {
namespace {

using Property = sdbus::Struct<std::string, sdbus::Variant>;
using Unit = sdbus::Struct<std::string, std::vector<Property>>;

constexpr const char* kName = "org.freedesktop.systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr std::chrono::milliseconds kPatience{1'000};

class UnitControlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(kDaemon, X_OK) != 0) {
      GTEST_SKIP() << "this machine has no dbus-daemon";
    }
    const std::string address = "unix:path=" + directory_.path().string() + "/bus";
    ASSERT_TRUE(sys::WriteFileAtomically(
        directory_.path() / "config",
        "<busconfig><listen>" + address +
            "</listen><policy context=\"default\"><allow send_destination=\"*\"/>"
            "<allow receive_sender=\"*\"/><allow own=\"*\"/><allow user=\"*\"/></policy>"
            "</busconfig>",
        0644));
    daemon_ = ::fork();
    if (daemon_ == 0) {
      const std::string config = "--config-file=" + (directory_.path() / "config").string();
      ::execl(kDaemon, kDaemon, config.c_str(), "--nofork", "--nopidfile", nullptr);
      ::_exit(1);
    }
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", address.c_str(), 1);
    const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!IsOnTheBus()) {
      ASSERT_LT(std::chrono::steady_clock::now(), ends) << "the bus did not come up";
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    Serve();
  }
  void TearDown() override {
    manager_.reset();
    connection_.reset();
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    if (daemon_ > 0) {
      ::kill(daemon_, SIGKILL);
      ::waitpid(daemon_, nullptr, 0);
    }
  }

  bool IsOnTheBus() {
    try {
      connection_ = sdbus::createSystemBusConnection(kName);
      return true;
    } catch (const sdbus::Error&) {
      return false;
    }
  }
  void Serve() {
    manager_ = sdbus::createObject(*connection_, "/org/freedesktop/systemd1");
    const auto refuse = [this] { throw sdbus::Error(refusal_, "Unit zk.service: no."); };
    manager_->registerMethod("Subscribe").onInterface(kManager).implementedAs([] {});
    manager_->registerMethod("StopUnit")
        .onInterface(kManager)
        .implementedAs([=](const std::string& /*unit*/, const std::string& /*mode*/) {
          refuse();
          return sdbus::ObjectPath("/");
        });
    manager_->registerMethod("StartTransientUnit")
        .onInterface(kManager)
        .implementedAs([=](const std::string& /*unit*/,
                           const std::string& /*mode*/,
                           const std::vector<Property>& /*properties*/,
                           const std::vector<Unit>& /*more*/) {
          refuse();
          return sdbus::ObjectPath("/");
        });
    manager_->finishRegistration();
    connection_->enterEventLoopAsync();
  }
  template <typename Result>
  static std::string Told(const Result& result) {
    return result ? "done" : result.error().reason() + ": " + result.error().message();
  }
  std::string Stop(const std::string& refusal) {
    refusal_ = refusal;
    return Told((*Connect())->Stop("zk.service", kPatience));
  }

  static constexpr const char* kDaemon = "/usr/bin/dbus-daemon";

  sys::TempDir directory_ = sys::TempDir::Create("/tmp", "zw-bus-").value();
  pid_t daemon_ = 0;
  std::string refusal_;
  std::unique_ptr<sdbus::IConnection> connection_;
  std::unique_ptr<sdbus::IObject> manager_;
};

TEST_F(UnitControlTest, EachRefusalHasItsReasonTheUnitAndANextStep) {
  EXPECT_EQ(Stop("org.freedesktop.systemd1.NoSuchUnit"),
            "systemd.no_such_unit: StopUnit zk.service: Unit zk.service: no.; look at "
            "instance.unit of agent.yaml");
  EXPECT_EQ(Stop("org.freedesktop.DBus.Error.AccessDenied"),
            "systemd.not_permitted: StopUnit zk.service: Unit zk.service: no.; run the agent as "
            "root or give its user a polkit rule for this unit");
  EXPECT_EQ(Stop("org.freedesktop.systemd1.TransactionIsDestructive"),
            "systemd.call_failed: StopUnit zk.service: Unit zk.service: no.; look at "
            "journalctl -b -p err");
}

TEST_F(UnitControlTest, ATransientUnitOfThatNameIsSaidToBeThere) {
  refusal_ = "org.freedesktop.systemd1.UnitExists";
  EXPECT_EQ(Told((*Connect())
                     ->StartTransient({.name = "zk.service", .command = {"/bin/true"}}, kPatience)),
            "systemd.unit_exists: cannot start zk.service: Unit zk.service: no.; stop that unit "
            "first");
}

TEST_F(UnitControlTest, WithoutABusSystemdIsSaidToBeOutOfReach) {
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
  const auto connected = Connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().reason(), "systemd.unreachable");
  EXPECT_NE(connected.error().message().find("; look at systemctl status dbus"), std::string::npos);
}

}  // namespace
}  // namespace zoowarden::systemd
