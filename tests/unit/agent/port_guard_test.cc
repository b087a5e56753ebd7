#include "agent/lifecycle/port_guard.h"

#include "sys/fd.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace zoowarden::agent {
namespace {

// Listens on a port of the kernel's choice.
class Listener {
 public:
  explicit Listener(const char* address) {
    sockaddr_in at{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
    EXPECT_EQ(::inet_pton(AF_INET, address, &at.sin_addr), 1);
    socklen_t size = sizeof(at);
    auto* plain = reinterpret_cast<sockaddr*>(&at);
    EXPECT_EQ(::bind(socket_.get(), plain, size), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    EXPECT_EQ(::getsockname(socket_.get(), plain, &size), 0);
    port_ = ntohs(at.sin_port);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  sys::UniqueFd socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::uint16_t port_ = 0;
};

std::string Says(const std::string& host, std::uint16_t port) {
  const auto checked =
      CheckPortsAreFree("/proc", {{.purpose = "election", .host = host, .port = port}});
  return checked ? "free"
                 : checked.error().reason() + ": " + std::string(checked.error().message());
}

TEST(PortGuardTest, AListenerIsNamedWithItsProcessAndPort) {
  const Listener other("127.0.11.9");
  const auto says = Says("127.0.11.9", other.port());
  EXPECT_NE(says.find("start.port_taken: process " + std::to_string(::getpid()) + " ("),
            std::string::npos)
      << says;
  EXPECT_NE(says.find("the election port 127.0.11.9:" + std::to_string(other.port())),
            std::string::npos)
      << says;
}

TEST(PortGuardTest, AListenerOnAllAddressesTakesEveryOne) {
  const Listener other("0.0.0.0");
  EXPECT_NE(Says("127.0.11.9", other.port()), "free");
  EXPECT_NE(Says("", other.port()), "free");
}

TEST(PortGuardTest, TheSamePortOfAnotherAddressIsFree) {
  const Listener other("127.0.11.9");
  EXPECT_EQ(Says("127.0.11.8", other.port()), "free");
}

TEST(PortGuardTest, WhatIsNotThisMachinesIsTheServersOwnToComplainOf) {
  EXPECT_EQ(Says("192.0.2.1", 2181), "free");
  EXPECT_EQ(Says("no.such.host.invalid", 2181), "free");
}

TEST(PortGuardTest, ReadsEveryPortOfTheServersOwnLine) {
  const auto ports =
      PortsOf({{"zoo.cfg",
                "clientPort=2181\nclientPortAddress=10.0.0.2\nsecureClientPort=2281\n"
                "server.1=a:2888:3888\nserver.2=b:2889:3889\n"},
               {"zoo.cfg.dynamic.100000000", "server.2=b:2890:3890:participant;10.0.0.3:2182\n"}},
              {2});
  std::string text;
  for (const auto& port : ports) {
    text += port.purpose + " " + port.host + ":" + std::to_string(port.port) + "\n";
  }
  EXPECT_EQ(text,
            "client 10.0.0.2:2181\nclient :2281\nquorum b:2889\nelection b:3889\n"
            "quorum b:2890\nelection b:3890\nclient 10.0.0.3:2182\n");
}

}  // namespace
}  // namespace zoowarden::agent
