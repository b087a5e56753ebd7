// gRPC accepts through the accept4 of this program: its limits hold for a real listener.
#include "rpc/accept_limit.h"

#include "sys/fd.h"
#include "tests/unit/rpc/loopback.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <chrono>
#include <vector>

namespace zoowarden::rpc {
namespace {

class AcceptLimitTest : public LoopbackTest {
 protected:
  void TearDown() override {
    SetAcceptLimits({});
    LoopbackTest::TearDown();
  }

  // Connected as far as the kernel is concerned.
  void ConnectToServer(const sys::UniqueFd& client) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string port = server_->address().substr(server_->address().rfind(':') + 1);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  sys::UniqueFd Connect(const char* from) const {
    sys::UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, from, &address.sin_addr), 1);
    EXPECT_EQ(bind(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ConnectToServer(client);
    return client;
  }
  // gRPC's end was closed, before a byte came.
  static bool IsTurnedAway(const sys::UniqueFd& client, int patience_ms) {
    pollfd waiting{.fd = client.get(), .events = POLLIN | POLLRDHUP, .revents = 0};
    return poll(&waiting, 1, patience_ms) == 1;
  }
  bool Served() { return GetStatus(ChannelAs(IssueFrom("ca", pki::Role::kViewer))).status.ok(); }
  static constexpr int kLong = 5'000;
  static constexpr int kShort = 50;
};

TEST_F(AcceptLimitTest, ConnectionsFromOneAddressAreBoundedAndThoseOfOthersAreNot) {
  SetAcceptLimits({.connections = 100, .from_one_address = 2});
  const auto before = AcceptsNow().not_admitted;
  const auto first = Connect("127.0.88.1");
  const auto second = Connect("127.0.88.1");
  const auto third = Connect("127.0.88.1");
  EXPECT_TRUE(IsTurnedAway(third, kLong));
  EXPECT_EQ(AcceptsNow().not_admitted, before + 1);
  EXPECT_FALSE(IsTurnedAway(first, kShort));
  EXPECT_FALSE(IsTurnedAway(second, 0));
  EXPECT_FALSE(IsTurnedAway(Connect("127.0.88.2"), kShort));
  EXPECT_TRUE(Served());
}

TEST_F(AcceptLimitTest, AllConnectionsAreBounded) {
  SetAcceptLimits({.connections = 2, .from_one_address = 2});
  const auto first = Connect("127.0.88.1");
  const auto second = Connect("127.0.88.2");
  EXPECT_TRUE(IsTurnedAway(Connect("127.0.88.3"), kLong));
  EXPECT_FALSE(IsTurnedAway(first, kShort));
}

TEST_F(AcceptLimitTest, AConnectionThatHasEndedMakesRoom) {
  SetAcceptLimits({.connections = 1, .from_one_address = 1});
  auto only = Connect("127.0.88.1");
  ASSERT_FALSE(IsTurnedAway(only, kShort));
  ASSERT_TRUE(IsTurnedAway(Connect("127.0.88.1"), kLong));
  ASSERT_FALSE(Served());
  only.Reset();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool served = false;
  while (!served && std::chrono::steady_clock::now() < until) {
    served = Served();
  }
  EXPECT_TRUE(served);
}

// No descriptor below a limit is free while it lives.
class AllDescriptors {
 public:
  explicit AllDescriptors(int limit) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit tight{.rlim_cur = static_cast<rlim_t>(limit), .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    for (int fd = 0; fd >= 0;) {
      fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
      taken_.emplace_back(fd);
    }
    EXPECT_EQ(errno, EMFILE);
  }
  AllDescriptors(const AllDescriptors&) = delete;
  AllDescriptors& operator=(const AllDescriptors&) = delete;
  ~AllDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<sys::UniqueFd> taken_;
};

// gRPC's own listener ends for good here, and the late one waits in the queue.
TEST_F(AcceptLimitTest, AWantOfDescriptorsTurnsOneAwayIsSaidAndDoesNotEndTheListener) {
  ASSERT_FALSE(AcceptsNow().without_descriptor);
  ::testing::internal::CaptureStderr();
  {
    const sys::UniqueFd late(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const AllDescriptors taken(late.get() + 1);
    ConnectToServer(late);
    EXPECT_TRUE(IsTurnedAway(late, kLong));
    EXPECT_TRUE(AcceptsNow().without_descriptor);
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("connections=refused no descriptor is free"), std::string::npos) << said;
  EXPECT_TRUE(AcceptsNow().without_descriptor) << "that there are some now helps nobody yet";
  EXPECT_TRUE(Served());
  EXPECT_FALSE(AcceptsNow().without_descriptor);
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
