// One session on one member, frame by frame, for what a client library hides: the zxid of a reply,
// a session with lastZxidSeen, bounded frames. One owner thread; destroying it without Close leaves
// the session to its expiry.
//
// Errors: those of connection.h; zk.no_session (closed before a session was made), zk.read_only,
// kDataLoss zk.reply_malformed.
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "zknet/connection.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace zoowarden::zknet {

// Error codes of replies (org.apache.zookeeper.KeeperException.Code).
inline constexpr std::int32_t kZooOk = 0;
inline constexpr std::int32_t kZooBadArguments = -8;
inline constexpr std::int32_t kZooNoNode = -101;
inline constexpr std::int32_t kZooNoAuth = -102;
inline constexpr std::int32_t kZooNotReadOnly = -119;
inline constexpr std::int32_t kZooAuthenticationRequired = -124;

class RawSession {
 public:
  struct Options {
    model::Zxid last_seen;  // a member that has not applied it makes no session
    std::chrono::milliseconds session_timeout{0};  // servers bound it
    std::size_t max_frame = 0;
  };
  struct Reply {
    std::int32_t xid = 0;
    std::int64_t zxid = 0;   // applied last by the member; of a write at least its own
    std::int32_t error = 0;  // of ZooKeeper
    std::string frame;       // with its header

    [[nodiscard]] std::string_view body() const;
  };

  // `timeout` covers everything until the next AllowMore.
  [[nodiscard]] static base::Result<RawSession> Open(const Endpoint& member,
                                                     const Options& options,
                                                     std::chrono::milliseconds timeout);

  // Queues a request and gives its xid; several may be under way. Nothing is sent before Flush.
  std::int32_t Queue(std::int32_t type, std::string_view request);
  [[nodiscard]] base::Status Flush();
  // The next reply: the server answers in the order of the requests.
  [[nodiscard]] base::Result<Reply> Receive();
  // The reply to this request alone.
  [[nodiscard]] base::Result<Reply> Call(std::int32_t type, std::string_view request);

  // Best effort: without it the session expires by itself.
  void Close();

  [[nodiscard]] std::chrono::milliseconds Remaining() const { return connection_.Remaining(); }
  void AllowMore(std::chrono::milliseconds timeout) { connection_.AllowMore(timeout); }
  [[nodiscard]] const Endpoint& member() const { return member_; }
  // kDataLoss zk.reply_malformed: `member` sent `what` instead of a reply.
  [[nodiscard]] static base::Error Malformed(const Endpoint& member, const std::string& what);

 private:
  RawSession(Endpoint member, Connection connection, std::size_t max_frame);
  [[nodiscard]] base::Result<std::string> ReceiveFrame();
  [[nodiscard]] base::Result<std::string> ReceiveBytes(std::size_t size);
  [[nodiscard]] base::Status CheckConnectResponse(const std::string& response) const;

  Endpoint member_;
  Connection connection_;
  std::size_t max_frame_;
  std::string outbox_;
  std::string inbox_;
  std::size_t taken_ = 0;  // of the inbox
  std::int32_t xid_ = 0;
};

}  // namespace zoowarden::zknet
