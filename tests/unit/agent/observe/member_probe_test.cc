#include "agent/observe/member_probe.h"

#include "agent/observe/prober.h"
#include "agent/service/observation_wire.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "sys/manual_clock.h"
#include "zoowarden/v1/observe.pb.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <string>
#include <thread>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kBudget{200};
// The other member is 10.0.0.1; 2888 = 0B48.
constexpr const char* kToLeader =
    "   0: 0200000A:D431 0100000A:0B48 01 00000000:00000000 00:00000000 00000000     0        0 "
    "101 "
    "1 0000000000000000 20 0 0 10 -1\n";

// A member's client port on the loopback; refuses until it is told to answer.
class ClientPort {
 public:
  ClientPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the sockets interface
    bound_ = bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
             getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
    port_ = ntohs(address.sin_port);
  }

  // Lets connect and says nothing.
  void BeSilent() const { ASSERT_TRUE(bound_ && listen(socket_.get(), 5) == 0); }

  // To one connection.
  void AnswerOnce(const std::string& text) {
    ASSERT_TRUE(bound_ && listen(socket_.get(), 1) == 0);
    answering_ = std::jthread([this, text] {
      const sys::UniqueFd peer(accept(socket_.get(), nullptr, nullptr));
      std::array<char, 4> word{};
      if (recv(peer.get(), word.data(), word.size(), MSG_WAITALL) > 0) {
        send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL);
      }
    });
  }

  [[nodiscard]] std::string port() const { return std::to_string(port_); }

 private:
  sys::UniqueFd socket_;
  bool bound_ = false;
  std::uint16_t port_ = 0;
  std::jthread answering_;
};

// A process whose configuration, descriptors and sockets can be read.
class MemberProbeTest : public ::testing::Test {
 protected:
  MemberProbeTest()
      : root_(sys::TempDir::Create(fs::temp_directory_path(), "probe-").value()),
        probe_(model::ServerId{2}, root_.path() / "proc") {
    fs::create_directories(Process() / "fd");
    fs::create_directories(Process() / "net");
    fs::create_symlink("socket:[101]", Process() / "fd/3");
    fs::create_symlink("/", Process() / "root");
    Connections("");
    Write(root_.path() / "zoo.cfg",
          "admin.enableServer=false\ndynamicConfigFile=" + Dynamic().string() + "\n");
    Write(Dynamic(),
          "server.1=10.0.0.1:2888:3888\nserver.2=10.0.0.2:2888:3888;127.0.0.1:" + client_.port() +
              "\n");
  }

  [[nodiscard]] FoundProcess Found() const {
    return {.process = {.pid = 7, .start_time = 5},
            .configuration = root_.path() / "zoo.cfg",
            .command_line = {"java", "-cp", "/r/lib/zookeeper-3.8.4.jar:/r/conf"}};
  }
  [[nodiscard]] MemberView Look() { return probe_.Look(Found(), kBudget); }

  [[nodiscard]] fs::path Root() const { return root_.path(); }
  [[nodiscard]] fs::path Process() const { return root_.path() / "proc/7"; }
  [[nodiscard]] fs::path Dynamic() const { return root_.path() / "zoo.cfg.dynamic"; }
  void Connections(const std::string& lines) const { Write(Process() / "net/tcp", "\n" + lines); }
  static void Write(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  ClientPort client_;

 private:
  sys::TempDir root_;

 protected:
  MemberProbe probe_;
};

TEST_F(MemberProbeTest, ARefusedConnectionAndNoSocketToTheQuorumIsALook) {
  const MemberView view = Look();
  EXPECT_EQ(view.mode, model::Mode::kNotServing);
  EXPECT_TRUE(view.looked);
  EXPECT_FALSE(view.quorum_connection);
}

TEST_F(MemberProbeTest, AQuorumConnectionIsSeenThoughItDoesNotServe) {
  Connections(kToLeader);
  const MemberView view = Look();
  EXPECT_TRUE(view.looked);
  EXPECT_TRUE(view.quorum_connection);
}

TEST_F(MemberProbeTest, UnreadableDescriptorsAreNoLookWhateverThePortSays) {
  Connections(kToLeader);
  fs::remove_all(Process() / "fd");
  const MemberView view = Look();
  EXPECT_EQ(view.mode, model::Mode::kNotServing);
  EXPECT_FALSE(view.looked);
  EXPECT_NE(view.note.find("sockets"), std::string::npos) << view.note;
}

TEST_F(MemberProbeTest, WithoutAPlainClientPortThereIsNoCanaryAndTheNextStepIsSaid) {
  Write(Dynamic(), "server.1=10.0.0.1:2888:3888\nserver.2=10.0.0.2:2888:3888\n");
  sys::ManualClock clock;
  Prober prober({.self = {2},
                 .data_directory = Root(),
                 .data_log_directory = Root(),
                 .proc = Root() / "proc"},
                clock);
  const auto canary = prober.CommitCanary(Found(), "", kBudget);
  ASSERT_FALSE(canary);
  EXPECT_EQ(canary.error().reason(), "canary.no_client_port");
  EXPECT_EQ(canary.error().message().find("this member offers no plain client port"), 0U);
  EXPECT_NE(canary.error().message().find("; set clientPort in its zoo.cfg"), std::string::npos);
}

TEST_F(MemberProbeTest, ACanaryWaitsForNoObservation) {
  sys::RealClock clock;
  Prober prober({.self = {2}, .data_directory = Root(), .proc = Root() / "proc"}, clock);
  EXPECT_EQ(prober.Look(Found()).mode, model::Mode::kNotServing);  // where it is asked is known now
  client_.BeSilent();
  std::atomic<bool> observing = true;
  const std::jthread observation([&] {
    model::MemberObservation seen;
    prober.Observe(Found(), {}, seen);  // asks and waits 800 ms
    observing = false;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto canary = prober.CommitCanary(Found(), "", std::chrono::milliseconds(100));
  EXPECT_TRUE(observing);
  ASSERT_FALSE(canary);
  EXPECT_EQ(canary.error().reason(), "zk.timeout");
}

TEST_F(MemberProbeTest, ConnectionsAreThoseThatTheMemberCounts) {
  client_.AnswerOnce(
      "Zookeeper version: 3.8.4-9316c2a7a97e1666d8f4593f34dd6fc36ecc436c, built on 2024-02-12\n"
      "Latency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\nConnections: 17\nOutstanding: 0\n"
      "Zxid: 0x100000005\nMode: follower\nNode count: 5\n");
  sys::ManualClock clock;
  Prober prober({.self = {2}, .data_directory = Root(), .proc = Root() / "proc"}, clock);
  model::MemberObservation seen;
  prober.Observe(Found(), {}, seen);
  v1::Observation wire;
  ToWire(seen, wire);
  EXPECT_EQ(wire.connections(), 17U);
  model::MemberObservation silent;
  prober.Observe(Found(), {}, silent);
  wire.Clear();
  ToWire(silent, wire);
  EXPECT_FALSE(wire.has_connections());
}

TEST_F(MemberProbeTest, UnreadableTablesAreNoLook) {
  fs::remove(Process() / "net/tcp");
  EXPECT_FALSE(Look().looked);
}

TEST_F(MemberProbeTest, AnUnreadableConfigurationIsNoLook) {
  fs::remove(Dynamic());
  EXPECT_FALSE(Look().looked);
}

TEST_F(MemberProbeTest, AConfigurationThatCanNoLongerBeReadIsNoLookEither) {
  ASSERT_TRUE(Look().looked);
  fs::remove(Dynamic());
  EXPECT_FALSE(Look().looked);
}

TEST_F(MemberProbeTest, AConfigurationThatDoesNotNameThisServerIsNoLook) {
  Write(Dynamic(), "server.1=10.0.0.1:2888:3888\n");
  EXPECT_FALSE(Look().looked);
}

TEST_F(MemberProbeTest, WhetherItWasALookGoesToTheController) {
  sys::ManualClock clock;
  Prober prober({.self = {2}, .data_directory = Root(), .proc = Root() / "proc"}, clock);
  for (const bool readable : {true, false}) {
    if (!readable) {
      fs::remove_all(Process() / "fd");
    }
    model::MemberObservation seen;
    prober.Observe(Found(), {}, seen);
    v1::Observation wire;
    ToWire(seen, wire);
    EXPECT_EQ(wire.member_looked(), readable);
  }
}

TEST_F(MemberProbeTest, OneThatServesWasLookedAtWithoutItsSockets) {
  fs::remove_all(Process() / "fd");
  fs::remove_all(Process() / "net");
  client_.AnswerOnce(
      "Zookeeper version: 3.8.4-9316c2a7a97e1666d8f4593f34dd6fc36ecc436c, built on 2024-02-12\n"
      "Latency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\nConnections: 1\nOutstanding: 0\n"
      "Zxid: 0x100000005\nMode: follower\nNode count: 5\n");
  const MemberView view = Look();
  EXPECT_EQ(view.mode, model::Mode::kFollower) << view.note;
  EXPECT_TRUE(view.looked);
  EXPECT_TRUE(view.quorum_connection);
}

}  // namespace
}  // namespace zoowarden::agent
