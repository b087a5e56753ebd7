// The accept4 of this program, called as gRPC calls it, on listeners of the test's own.
#include "rpc/accept_limit.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <vector>

namespace {

thread_local bool no_memory = false;

}  // namespace

// Not inlined: the compiler would see a malloc that is not freed as one.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* memory = no_memory ? nullptr : std::malloc(std::max<std::size_t>(size, 1));
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace zoowarden::rpc {
namespace {

sockaddr_storage Address(int family, const char* text) {
  sockaddr_storage address{};
  address.ss_family = static_cast<sa_family_t>(family);
  void* place = family == AF_INET
                    ? static_cast<void*>(&reinterpret_cast<sockaddr_in&>(address).sin_addr)
                    : &reinterpret_cast<sockaddr_in6&>(address).sin6_addr;
  EXPECT_EQ(inet_pton(family, text, place), 1) << text;
  return address;
}

TEST(CountedAsTest, AnAddressOfVersion4CountsTheSameWhenItIsMapped) {
  EXPECT_EQ(CountedAs(Address(AF_INET, "192.0.2.7")), "192.0.2.7");
  EXPECT_EQ(CountedAs(Address(AF_INET6, "::ffff:192.0.2.7")), "192.0.2.7");
}

TEST(CountedAsTest, ANetworkOfVersion6CountsAsOne) {
  EXPECT_EQ(CountedAs(Address(AF_INET6, "2001:db8:1:2::1")), "2001:db8:1:2::/64");
  EXPECT_EQ(CountedAs(Address(AF_INET6, "2001:db8:1:2:ffff:ffff:ffff:ffff")), "2001:db8:1:2::/64");
  EXPECT_EQ(CountedAs(Address(AF_INET6, "2001:db8:1:3::1")), "2001:db8:1:3::/64");
}

class Accept4Test : public ::testing::Test {
 protected:
  void TearDown() override { SetAcceptLimits({}); }

  // Of 127.0.0.1, or of both versions.
  static sys::UniqueFd Listen(int family) {
    sys::UniqueFd listener(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_storage address = Address(family, family == AF_INET ? "127.0.0.1" : "::");
    EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), SizeOf(family)), 0);
    EXPECT_EQ(listen(listener.get(), kMany), 0);
    return listener;
  }
  // From 127.0.0.1.
  static sys::UniqueFd ConnectTo(const sys::UniqueFd& listener) {
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    EXPECT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
    sockaddr_storage address = Address(AF_INET, "127.0.0.1");
    // Both kinds have the port in the same place.
    reinterpret_cast<sockaddr_in&>(address).sin_port =
        reinterpret_cast<sockaddr_in&>(bound).sin_port;
    sys::UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), SizeOf(AF_INET)), 0);
    return client;
  }
  static sys::UniqueFd Accept(const sys::UniqueFd& listener) {
    return sys::UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  static bool IsClosed(const sys::UniqueFd& client) {
    pollfd waiting{.fd = client.get(), .events = POLLIN | POLLRDHUP, .revents = 0};
    return poll(&waiting, 1, 0) == 1;
  }
  static socklen_t SizeOf(int family) {
    return family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  }
  static constexpr int kMany = 100;
};

TEST_F(Accept4Test, WhoComesMappedSharesTheBoundOfHisAddress) {
  SetAcceptLimits({.connections = 100, .from_one_address = 1});
  const auto plain = Listen(AF_INET);
  const auto both = Listen(AF_INET6);
  const auto first = ConnectTo(plain);
  const auto held = Accept(plain);
  ASSERT_TRUE(held.valid());
  const auto second = ConnectTo(both);
  EXPECT_FALSE(Accept(both).valid());
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_TRUE(IsClosed(second));
  EXPECT_FALSE(IsClosed(first));
}

TEST_F(Accept4Test, ManyThatAreTurnedAwayDoNotKeepTheThread) {
  SetAcceptLimits({.connections = 0, .from_one_address = 0});
  const auto listener = Listen(AF_INET);
  std::vector<sys::UniqueFd> clients;
  for (int i = 0; i < kMany; ++i) {
    clients.push_back(ConnectTo(listener));
  }
  const auto closed = [&] { return std::count_if(clients.begin(), clients.end(), IsClosed); };
  EXPECT_FALSE(Accept(listener).valid());
  EXPECT_EQ(errno, EAGAIN);
  const auto in_one_go = closed();
  EXPECT_GT(in_one_go, 0);
  EXPECT_LT(in_one_go, kMany);
  EXPECT_FALSE(Accept(listener).valid());
  EXPECT_EQ(closed(), kMany) << "the others are not forgotten";
}

TEST_F(Accept4Test, WithoutMemoryACallerIsTurnedAwayAndCostsNothing) {
  SetAcceptLimits({});
  const auto listener = Listen(AF_INET);
  const auto unlucky = ConnectTo(listener);
  no_memory = true;
  const int fd = accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
  const int why = errno;
  no_memory = false;
  EXPECT_EQ(fd, -1);
  EXPECT_EQ(why, EAGAIN);
  EXPECT_TRUE(IsClosed(unlucky)) << "its descriptor is left open";
  const auto next = ConnectTo(listener);
  EXPECT_TRUE(Accept(listener).valid());
}

}  // namespace
}  // namespace zoowarden::rpc
