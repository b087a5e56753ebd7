#include "agent/lifecycle/port_guard.h"

#include "sys/fd.h"
#include "sys/files.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

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

std::string Says(const std::string& host,
                 std::uint16_t port,
                 const std::filesystem::path& proc = "/proc") {
  const auto checked =
      CheckPortsAreFree(proc, {{.purpose = "election", .host = host, .port = port}});
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

// Whom a /proc with these listeners says to be in the way: 1001 for the first, and so on. The real
// one that is in the way is the test's.
class HolderTest : public ::testing::Test {
 protected:
  // Addresses as /proc/net/tcp and tcp6 have them.
  void Listening(const std::vector<std::string>& addresses) {
    for (const char* table : {"tcp", "tcp6"}) {
      std::filesystem::create_directories(proc_.path() / "self/net");
      std::ofstream(proc_.path() / "self/net" / table) << "  sl  local_address ...\n";
    }
    int process = 1000;
    for (const std::string& address : addresses) {
      ++process;
      std::array<char, 8> port{};
      std::snprintf(port.data(), port.size(), "%04X", real_.port());
      const char* table = address.size() == 8 ? "tcp" : "tcp6";
      std::ofstream(proc_.path() / "self/net" / table, std::ios::app)
          << "   0: " << address << ":" << port.data()
          << " 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 " << process
          << " 1 0000000000000000 100 0 0 10 0\n";
      const auto descriptors = proc_.path() / std::to_string(process) / "fd";
      std::filesystem::create_directories(descriptors);
      std::filesystem::create_symlink("socket:[" + std::to_string(process) + "]",
                                      descriptors / "3");
    }
  }
  [[nodiscard]] std::string Holder(const std::string& host) const {
    const std::string says = Says(host, real_.port(), proc_.path());
    return says.substr(0, says.find(" listens")).substr(std::string("start.port_taken: ").size());
  }

  sys::TempDir proc_ = sys::TempDir::Create("/tmp", "zw-proc-").value();
  Listener real_{"127.0.11.9"};
};

constexpr const char* kEight = "080B007F";                                // 127.0.11.8
constexpr const char* kNine = "090B007F";                                 // 127.0.11.9
constexpr const char* kNineMapped = "0000000000000000FFFF0000090B007F";   // ::ffff:127.0.11.9
constexpr const char* kEightMapped = "0000000000000000FFFF0000080B007F";  // ::ffff:127.0.11.8
constexpr const char* kSixLoopback = "00000000000000000000000001000000";  // ::1
constexpr const char* kSixAny = "00000000000000000000000000000000";       // ::
constexpr const char* kAny = "00000000";                                  // 0.0.0.0
constexpr const char* kNobody = "a process that this agent may not see";

TEST_F(HolderTest, IsWhoListensOnThatAddress) {
  Listening({kEight, kEightMapped, kSixLoopback, kNine});
  EXPECT_EQ(Holder("127.0.11.9"), "process 1004");
}

TEST_F(HolderTest, MayListenWithASocketOfBothFamilies) {
  Listening({kEightMapped, kNineMapped});
  EXPECT_EQ(Holder("127.0.11.9"), "process 1002");
}

TEST_F(HolderTest, IsWhoListensOnAllAddressesWhenNobodyListensOnThatOne) {
  Listening({kEight, kSixAny});
  EXPECT_EQ(Holder("127.0.11.9"), "process 1002");
}

TEST_F(HolderTest, OfAnyAddressIsWhoListensOnOne) {
  Listening({kNine});
  EXPECT_EQ(Holder(""), "process 1001");
}

TEST_F(HolderTest, OnThatAddressIsNamedBeforeOneOnAllOfThem) {
  Listening({kAny, kSixAny, kNine});
  EXPECT_EQ(Holder("127.0.11.9"), "process 1003");
}

TEST_F(HolderTest, OfAnotherAddressIsNone) {
  Listening({kEight, kEightMapped, kSixLoopback});
  EXPECT_EQ(Holder("127.0.11.9"), kNobody);
}

TEST_F(HolderTest, OfAnyAddressIsNoneOfAnotherFamily) {
  Listening({kSixLoopback, kEight});
  EXPECT_EQ(Holder("0.0.0.0"), "process 1002");
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
