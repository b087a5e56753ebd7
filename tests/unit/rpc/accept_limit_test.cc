// gRPC accepts through the accept4 of this program: its limits hold for a real listener.
#include "rpc/accept_limit.h"

#include "sys/fd.h"
#include "tests/unit/rpc/loopback.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>

namespace zoowarden::rpc {
namespace {

class AcceptLimitTest : public LoopbackTest {
 protected:
  void TearDown() override {
    SetAcceptLimits({});
    LoopbackTest::TearDown();
  }

  // From that address; connected as far as the kernel is concerned.
  sys::UniqueFd Connect(const char* from) const {
    sys::UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, from, &address.sin_addr), 1);
    EXPECT_EQ(bind(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const std::string port = server_->address().substr(server_->address().rfind(':') + 1);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return client;
  }
  // gRPC's end was closed, before a byte came.
  static bool IsTurnedAway(const sys::UniqueFd& client, int patience_ms) {
    pollfd waiting{.fd = client.get(), .events = POLLIN | POLLRDHUP, .revents = 0};
    return poll(&waiting, 1, patience_ms) == 1;
  }
  static constexpr int kLong = 5'000;
  static constexpr int kShort = 50;
};

TEST_F(AcceptLimitTest, ConnectionsFromOneAddressAreBoundedAndThoseOfOthersAreNot) {
  SetAcceptLimits({.connections = 100, .from_one_address = 2});
  const auto first = Connect("127.0.88.1");
  const auto second = Connect("127.0.88.1");
  const auto third = Connect("127.0.88.1");
  EXPECT_TRUE(IsTurnedAway(third, kLong));
  EXPECT_FALSE(IsTurnedAway(first, kShort));
  EXPECT_FALSE(IsTurnedAway(second, 0));
  EXPECT_FALSE(IsTurnedAway(Connect("127.0.88.2"), kShort));
  EXPECT_TRUE(GetStatus(ChannelAs(IssueFrom("ca", pki::Role::kViewer))).status.ok());
}

TEST_F(AcceptLimitTest, AllConnectionsAreBounded) {
  SetAcceptLimits({.connections = 2, .from_one_address = 2});
  const auto first = Connect("127.0.88.1");
  const auto second = Connect("127.0.88.2");
  EXPECT_TRUE(IsTurnedAway(Connect("127.0.88.3"), kLong));
  EXPECT_FALSE(IsTurnedAway(first, kShort));
}

TEST_F(AcceptLimitTest, AConnectionThatHasEndedMakesRoom) {
  SetAcceptLimits({.connections = 100, .from_one_address = 1});
  auto first = Connect("127.0.88.1");
  ASSERT_TRUE(IsTurnedAway(Connect("127.0.88.1"), kLong));
  first.Reset();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool served = false;
  while (!served && std::chrono::steady_clock::now() < until) {
    served = !IsTurnedAway(Connect("127.0.88.1"), kShort);
  }
  EXPECT_TRUE(served);
}

// gRPC's own listener ends for good here.
TEST_F(AcceptLimitTest, AWantOfDescriptorsTurnsOneAwayAndDoesNotEndTheListener) {
  const auto served = [this] {
    return GetStatus(ChannelAs(IssueFrom("ca", pki::Role::kViewer))).status.ok();
  };
  ASSERT_TRUE(served());
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const sys::UniqueFd client = Connect("127.0.88.1");
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(client.get()), .rlim_max = limit.rlim_max};
  {
    sys::UniqueFd late(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string port = server_->address().substr(server_->address().rfind(':') + 1);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    EXPECT_EQ(connect(late.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    IsTurnedAway(late, 500);  // it finds no descriptor meanwhile
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  EXPECT_TRUE(served());
}

TEST_F(AcceptLimitTest, TheUsualLimitsLeaveHalfOfTheDescriptors) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit few{.rlim_cur = 96, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto usual = UsualAcceptLimits();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(usual.connections, 48);
  EXPECT_EQ(usual.from_one_address, 24);
}

}  // namespace
}  // namespace zoowarden::rpc
