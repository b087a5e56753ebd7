#include "zknet/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace zoowarden::zknet {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Status;
using std::chrono::milliseconds;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

tl::unexpected<base::Error> Unreachable(const std::string& peer, const std::string& why) {
  return Fail(ErrorCode::kUnavailable, "zk.unreachable", "cannot connect to " + peer + ": " + why);
}

tl::unexpected<base::Error> TimedOut(const std::string& peer) {
  return Fail(ErrorCode::kDeadlineExceeded, "zk.timeout", peer + " did not answer in time");
}

tl::unexpected<base::Error> Closed(const std::string& peer, const std::string& why) {
  return Fail(ErrorCode::kUnavailable, "zk.closed", peer + " closed the connection" + why);
}

Result<AddressList> LookUp(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list);
  if (error != 0) {
    return Unreachable(endpoint.ToString(), ::gai_strerror(error));
  }
  return AddressList(list, &::freeaddrinfo);
}

}  // namespace

std::string Endpoint::ToString() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Connection::Connection(int fd, std::string peer, Clock::time_point deadline)
    : fd_(fd), peer_(std::move(peer)), deadline_(deadline) {}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      peer_(std::move(other.peer_)),
      deadline_(other.deadline_) {}

Connection::~Connection() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Result<Connection> Connection::Open(const Endpoint& endpoint, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  ZW_ASSIGN(const AddressList addresses, LookUp(endpoint));
  std::string why = "no address";
  for (const auto* at = addresses.get(); at != nullptr; at = at->ai_next) {
    const int fd = ::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      why = std::strerror(errno);
      continue;
    }
    Connection connection(fd, endpoint.ToString(), deadline);
    if (::connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
      if (errno != EINPROGRESS) {
        why = std::strerror(errno);
        continue;
      }
      ZW_TRY(connection.WaitFor(POLLOUT));
    }
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      why = std::strerror(error);
      continue;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return connection;
  }
  return Unreachable(endpoint.ToString(), why);
}

milliseconds Connection::Remaining() const {
  const auto left = std::chrono::ceil<milliseconds>(deadline_ - Clock::now());
  return std::max(left, milliseconds(0));
}

void Connection::Shorten(milliseconds remaining) {
  deadline_ = std::min(deadline_, Clock::now() + remaining);
}

Status Connection::WaitFor(short events) const {
  while (true) {
    pollfd waiting{fd_, events, 0};
    const auto left = std::min<milliseconds::rep>(Remaining().count(), INT32_MAX);
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready > 0) {
      return base::Ok();
    }
    if (ready == 0 && Remaining() == milliseconds(0)) {
      return TimedOut(peer_);
    }
    if (ready < 0 && errno != EINTR) {
      return Closed(peer_, std::string(": ") + std::strerror(errno));
    }
  }
}

Status Connection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    ZW_TRY(WaitFor(POLLOUT));
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return Closed(peer_, std::string(": ") + std::strerror(errno));
    }
  }
  return base::Ok();
}

Result<std::size_t> Connection::ReceiveSome(std::string& out, std::size_t at_most) {
  std::array<char, 16384> buffer;
  while (true) {
    ZW_TRY(WaitFor(POLLIN));
    const auto got = ::recv(fd_, buffer.data(), std::min(at_most, buffer.size()), 0);
    if (got >= 0) {
      out.append(buffer.data(), static_cast<std::size_t>(got));
      return static_cast<std::size_t>(got);
    }
    if (errno != EAGAIN && errno != EINTR) {
      return Closed(peer_, std::string(": ") + std::strerror(errno));
    }
  }
}

Result<std::string> Connection::ReceiveExactly(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    ZW_ASSIGN(const std::size_t got, ReceiveSome(bytes, size - bytes.size()));
    if (got == 0) {
      return Closed(peer_, bytes.empty() ? "" : " in the middle of a reply");
    }
  }
  return bytes;
}

Result<std::string> Connection::ReceiveAll(std::size_t limit) {
  std::string bytes;
  while (true) {
    ZW_ASSIGN(const std::size_t got, ReceiveSome(bytes, limit + 1 - bytes.size()));
    if (got == 0) {
      return bytes;
    }
    if (bytes.size() > limit) {
      return Fail(ErrorCode::kResourceExhausted,
                  "zk.reply_too_large",
                  peer_ + " sent more than " + std::to_string(limit) + " bytes");
    }
  }
}

}  // namespace zoowarden::zknet
