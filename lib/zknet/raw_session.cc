#include "zknet/raw_session.h"

#include "zknet/frames.h"

#include <algorithm>
#include <utility>

namespace zoowarden::zknet {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Status;
using std::chrono::milliseconds;

constexpr milliseconds kCloseTimeout{500};
constexpr std::size_t kReadAhead = 16384;
constexpr std::size_t kReplyHeaderSize = 16;
constexpr std::size_t kConnectResponseSize = 37;
constexpr std::uint32_t kPasswordSize = 16;
constexpr std::int32_t kTypeCloseSession = -11;

}  // namespace

base::Error RawSession::Malformed(const Endpoint& member, const std::string& what) {
  return {ErrorCode::kDataLoss,
          "zk.reply_malformed",
          member.ToString() + " sent " + what + " instead of a ZooKeeper reply"};
}

std::string_view RawSession::Reply::body() const {
  return std::string_view(frame).substr(kReplyHeaderSize);
}

RawSession::RawSession(Endpoint member, Connection connection, std::size_t max_frame)
    : member_(std::move(member)), connection_(std::move(connection)), max_frame_(max_frame) {}

Result<RawSession> RawSession::Open(const Endpoint& member,
                                    const Options& options,
                                    milliseconds timeout) {
  ZW_ASSIGN(auto connection, Connection::Open(member, timeout));
  RawSession session(member, std::move(connection), options.max_frame);
  std::string body;
  Put(body, std::int32_t{0});  // protocol version
  Put(body, options.last_seen.value);
  Put(body, static_cast<std::uint32_t>(options.session_timeout.count()));
  Put(body, std::int64_t{0});  // a new session
  PutBuffer(body, std::string(kPasswordSize, '\0'));
  body += '\0';  // never accept a read-only server
  PutBuffer(session.outbox_, body);
  ZW_TRY(session.Flush());
  auto response = session.ReceiveFrame();
  if (!response && response.error().reason() == "zk.closed") {
    return Fail(ErrorCode::kUnavailable,
                "zk.no_session",
                member.ToString() + " closed the connection without making a session");
  }
  if (!response) {
    return Fail(response.error());
  }
  ZW_TRY(session.CheckConnectResponse(*response));
  return session;
}

std::int32_t RawSession::Queue(std::int32_t type, std::string_view request) {
  std::string body;
  Put(body, ++xid_);
  Put(body, type);
  body += request;
  PutBuffer(outbox_, body);
  return xid_;
}

Status RawSession::Flush() {
  auto sent = connection_.Send(outbox_);
  outbox_.clear();
  return sent;
}

Result<RawSession::Reply> RawSession::Receive() {
  Reply reply;
  ZW_ASSIGN(reply.frame, ReceiveFrame());
  if (reply.frame.size() < kReplyHeaderSize) {
    return Fail(Malformed(member_, "a short reply"));
  }
  FrameReader header(reply.frame);
  reply.xid = header.Take<std::int32_t>();
  reply.zxid = header.Take<std::int64_t>();
  reply.error = header.Take<std::int32_t>();
  return reply;
}

Result<RawSession::Reply> RawSession::Call(std::int32_t type, std::string_view request) {
  const auto xid = Queue(type, request);
  ZW_TRY(Flush());
  ZW_ASSIGN(auto reply, Receive());
  if (reply.xid != xid) {
    return Fail(Malformed(member_, "the reply to another request"));
  }
  return reply;
}

void RawSession::Close() {
  connection_.Shorten(kCloseTimeout);
  static_cast<void>(Call(kTypeCloseSession, ""));
}

Result<std::string> RawSession::ReceiveFrame() {
  ZW_ASSIGN(const std::string prefix, ReceiveBytes(4));
  const auto size = FrameReader(prefix).Take<std::uint32_t>();
  if (size > max_frame_) {
    return Fail(Malformed(member_, "a frame of " + std::to_string(size) + " bytes"));
  }
  return ReceiveBytes(size);
}

// Small frames come many at a time; what is missing of a large one is taken without a detour.
Result<std::string> RawSession::ReceiveBytes(std::size_t size) {
  while (inbox_.size() - taken_ < std::min(size, kReadAhead)) {
    inbox_.erase(0, taken_);
    taken_ = 0;
    ZW_ASSIGN(const auto got, connection_.ReceiveSome(inbox_, kReadAhead));
    if (got == 0) {
      return Fail(ErrorCode::kUnavailable,
                  "zk.closed",
                  member_.ToString() + " closed the connection" +
                      (inbox_.empty() && size == 4 ? "" : " in the middle of a reply"));
    }
  }
  auto bytes = inbox_.substr(taken_, size);
  taken_ += bytes.size();
  if (bytes.size() < size) {
    ZW_ASSIGN(const auto rest, connection_.ReceiveExactly(size - bytes.size()));
    bytes += rest;
  }
  return bytes;
}

Status RawSession::CheckConnectResponse(const std::string& response) const {
  const auto read_only = [this] {
    return Fail(ErrorCode::kFailedPrecondition,
                "zk.read_only",
                member_.ToString() + " is a read-only server");
  };
  const auto number = [&response](std::size_t offset) {
    return FrameReader(std::string_view(response).substr(offset)).Take<std::int32_t>();
  };
  if (response.size() == kReplyHeaderSize && number(12) == kZooNotReadOnly) {
    return read_only();
  }
  if (response.size() < kConnectResponseSize || number(16) != std::int32_t{kPasswordSize}) {
    return Fail(Malformed(member_, "a short answer to connecting"));
  }
  if (FrameReader(std::string_view(response).substr(8)).Take<std::int64_t>() == 0) {
    return Fail(ErrorCode::kUnavailable,
                "zk.no_session",
                member_.ToString() + " answered with an expired session");
  }
  if (response.at(36) != 0) {
    return read_only();
  }
  return base::Ok();
}

}  // namespace zoowarden::zknet
