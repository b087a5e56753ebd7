// A server on 127.0.0.1 and a free port whose every connection is handled by a script, one after
// the other, on one thread.
#pragma once

#include "zknet/connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace zoowarden::zknet {

// The server's end of one connection.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  void Write(const std::string& bytes) const {
    static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  // Up to `size` bytes; fewer when the client closed.
  [[nodiscard]] std::string Read(std::size_t size) const {
    std::string bytes(size, '\0');
    const auto got = ::recv(fd_, bytes.data(), size, MSG_WAITALL);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  // Everything up to and including `end`: what is left unread would turn a close into a reset.
  [[nodiscard]] std::string ReadUntil(const std::string& end) const {
    std::string bytes;
    while (!bytes.ends_with(end)) {
      const auto more = Read(1);
      if (more.empty()) {
        break;
      }
      bytes += more;
    }
    return bytes;
  }
  // Says nothing until the client has gone.
  void WaitForClose() const {
    std::array<char, 4096> ignored;
    while (::recv(fd_, ignored.data(), ignored.size(), 0) > 0) {
    }
  }
  // Ends the connection with a reset.
  void Reset() const {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  }

 private:
  int fd_;
};

class FakeServer {
 public:
  using Script = std::function<void(Peer)>;

  explicit FakeServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, plain, size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, plain, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] Endpoint endpoint() const { return {"127.0.0.1", port_}; }

 private:
  void Serve() {
    while (true) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) {
        return;
      }
      script_(Peer(fd));
      ::close(fd);
    }
  }

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// An endpoint where nobody listens.
inline Endpoint NobodyThere() {
  const FakeServer gone([](Peer) {});
  return gone.endpoint();
}

}  // namespace zoowarden::zknet
