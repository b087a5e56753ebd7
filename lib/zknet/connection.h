// One TCP connection with a deadline over everything that is done with it. Blocking, no shared
// state, one owner thread.
//
// Errors: kUnavailable zk.unreachable (no such name, refused), kUnavailable zk.closed (ended by the
// peer), kDeadlineExceeded zk.timeout. Looking up a name that is no address has no deadline of its
// own; probes name addresses.
#pragma once

#include "base/error.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace zoowarden::zknet {

struct Endpoint {
  std::string host;  // address or name; IPv6 without brackets
  std::uint16_t port = 0;
  [[nodiscard]] std::string ToString() const;
};

class Connection {
 public:
  // `timeout` covers connecting and everything afterwards.
  [[nodiscard]] static base::Result<Connection> Open(const Endpoint& endpoint,
                                                     std::chrono::milliseconds timeout);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] base::Status Send(std::string_view bytes);
  [[nodiscard]] base::Result<std::string> ReceiveExactly(std::size_t size);
  // What has come, at most so much, waited for when nothing has: appended to `out`, its size given
  // back; 0 = closed by the peer.
  [[nodiscard]] base::Result<std::size_t> ReceiveSome(std::string& out, std::size_t at_most);
  // Everything until the peer closes; more than `limit` bytes fail with zk.reply_too_large.
  [[nodiscard]] base::Result<std::string> ReceiveAll(std::size_t limit);

  [[nodiscard]] std::chrono::milliseconds Remaining() const;
  // Moves the deadline nearer, never further away.
  void Shorten(std::chrono::milliseconds remaining);
  // A new deadline, for a connection that is kept.
  void AllowMore(std::chrono::milliseconds timeout) { deadline_ = Clock::now() + timeout; }

 private:
  using Clock = std::chrono::steady_clock;
  Connection(int fd, std::string peer, Clock::time_point deadline);
  base::Status WaitFor(short events) const;

  int fd_;
  std::string peer_;
  Clock::time_point deadline_;
};

}  // namespace zoowarden::zknet
