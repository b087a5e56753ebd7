#include "zknet/session.h"

#include "zk/srvr.h"
#include "zknet/four_letter.h"

#include <optional>
#include <utility>

namespace zoowarden::zknet {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Status;
using model::Zxid;
using std::chrono::milliseconds;

// Sessions live for milliseconds; the servers raise this to their own minimum.
constexpr std::uint32_t kSessionTimeoutMs = 4000;
constexpr milliseconds kCloseTimeout{500};

constexpr std::size_t kMaxFrame = 1U << 20U;
constexpr std::size_t kReplyHeaderSize = 16;
constexpr std::size_t kConnectResponseSize = 37;
constexpr std::size_t kPasswordSize = 16;

constexpr std::int32_t kTypeDelete = 2;
constexpr std::int32_t kTypeCloseSession = -11;
constexpr std::int32_t kOk = 0;
constexpr std::int32_t kBadArguments = -8;
constexpr std::int32_t kNotReadOnly = -119;
constexpr std::int32_t kAuthenticationRequired = -124;

template <typename T>
void Put(std::string& out, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>((static_cast<std::uint64_t>(value) >> static_cast<unsigned>(shift)) &
                             0xffU);
  }
}

template <typename T>
T Get(const std::string& bytes, std::size_t offset) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes.at(offset + i));
  }
  return static_cast<T>(value);
}

void PutBuffer(std::string& out, std::string_view bytes) {
  Put(out, static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
}

tl::unexpected<base::Error> Malformed(const Endpoint& member, const std::string& what) {
  return Fail(ErrorCode::kDataLoss,
              "zk.reply_malformed",
              member.ToString() + " sent " + what + " instead of a ZooKeeper reply");
}

struct ReplyHeader {
  std::int32_t xid = 0;
  std::int64_t zxid = 0;
  std::int32_t error = 0;
};

// One session on one member. Destroying it without Close leaves the session to its expiry.
class Session {
 public:
  static Result<Session> Open(const Endpoint& member, Zxid last_seen, milliseconds timeout) {
    ZW_ASSIGN(auto connection, Connection::Open(member, timeout));
    Session session(member, std::move(connection));
    std::string body;
    Put(body, std::int32_t{0});  // protocol version
    Put(body, last_seen.value);
    Put(body, kSessionTimeoutMs);
    Put(body, std::int64_t{0});  // a new session
    PutBuffer(body, std::string(kPasswordSize, '\0'));
    body += '\0';  // never accept a read-only server
    ZW_TRY(session.SendFrame(body));
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

  Result<ReplyHeader> Call(std::int32_t type, const std::string& request) {
    std::string body;
    Put(body, ++xid_);
    Put(body, type);
    ZW_TRY(SendFrame(body + request));
    ZW_ASSIGN(const std::string reply, ReceiveFrame());
    if (reply.size() < kReplyHeaderSize) {
      return Malformed(member_, "a short reply");
    }
    const ReplyHeader header{
        Get<std::int32_t>(reply, 0), Get<std::int64_t>(reply, 4), Get<std::int32_t>(reply, 12)};
    if (header.xid != xid_) {
      return Malformed(member_, "the reply to another request");
    }
    return header;
  }

  // Best effort: without it the session expires by itself.
  void Close() {
    connection_.Shorten(kCloseTimeout);
    static_cast<void>(Call(kTypeCloseSession, ""));
  }

  [[nodiscard]] milliseconds Remaining() const { return connection_.Remaining(); }

 private:
  Session(Endpoint member, Connection connection)
      : member_(std::move(member)), connection_(std::move(connection)) {}

  Status SendFrame(const std::string& body) {
    std::string frame;
    PutBuffer(frame, body);
    return connection_.Send(frame);
  }

  Result<std::string> ReceiveFrame() {
    ZW_ASSIGN(const std::string prefix, connection_.ReceiveExactly(4));
    const auto size = Get<std::uint32_t>(prefix, 0);
    if (size > kMaxFrame) {
      return Malformed(member_, "a frame of " + std::to_string(size) + " bytes");
    }
    return connection_.ReceiveExactly(size);
  }

  Status CheckConnectResponse(const std::string& response) const {
    const auto read_only = [this] {
      return Fail(ErrorCode::kFailedPrecondition,
                  "zk.read_only",
                  member_.ToString() + " is a read-only server");
    };
    if (response.size() == kReplyHeaderSize && Get<std::int32_t>(response, 12) == kNotReadOnly) {
      return read_only();
    }
    if (response.size() < kConnectResponseSize ||
        Get<std::uint32_t>(response, 16) != kPasswordSize) {
      return Malformed(member_, "a short answer to connecting");
    }
    if (Get<std::int64_t>(response, 8) == 0) {
      return Fail(ErrorCode::kUnavailable,
                  "zk.no_session",
                  member_.ToString() + " answered with an expired session");
    }
    if (response.at(36) != 0) {
      return read_only();
    }
    return base::Ok();
  }

  Endpoint member_;
  Connection connection_;
  std::int32_t xid_ = 0;
};

Result<Zxid> AppliedZxid(const Endpoint& member, milliseconds timeout) {
  ZW_ASSIGN(const std::string text, FourLetter(member, "srvr", timeout));
  ZW_ASSIGN(const zk::SrvrReply reply, zk::ParseSrvr(text));
  return reply.zxid;
}

// The session just made was committed, if `srvr` shows that something was since `before`.
Result<Canary> SessionAsCanary(const Endpoint& member, Zxid before, milliseconds timeout) {
  ZW_ASSIGN(const Zxid after, AppliedZxid(member, timeout));
  if (after <= before) {
    return Fail(ErrorCode::kUnavailable,
                "zk.canary_not_committed",
                member.ToString() +
                    " enforces authentication and made a session without committing it (local "
                    "sessions?): switch localSessionsEnabled off");
  }
  return Canary{after,
                "session committed by " + after.ToString() + " through " + member.ToString() +
                    " (authentication enforced, zxid from srvr)"};
}

}  // namespace

Result<Canary> CommitCanary(const Endpoint& member, milliseconds timeout) {
  const auto begin = std::chrono::steady_clock::now();
  // Only needed where authentication is enforced, but then it must have been read before.
  const auto before = AppliedZxid(member, timeout);
  const auto spent = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - begin);
  ZW_ASSIGN(auto session, Session::Open(member, Zxid{}, timeout - spent));
  std::string request;
  PutBuffer(request, "/");
  Put(request, std::int32_t{-1});  // any version
  ZW_ASSIGN(const auto reply, session.Call(kTypeDelete, request));
  if (reply.error == kAuthenticationRequired) {
    if (!before) {
      return Fail(before.error());
    }
    return SessionAsCanary(member, *before, session.Remaining());
  }
  if (reply.error != kBadArguments || reply.zxid <= 0) {
    return Fail(ErrorCode::kUnavailable,
                "zk.canary_refused",
                member.ToString() + " answered the canary with error " +
                    std::to_string(reply.error) + " at zxid " + std::to_string(reply.zxid));
  }
  session.Close();
  const Zxid zxid{static_cast<std::uint64_t>(reply.zxid)};
  return Canary{zxid,
                "failed write committed at " + zxid.ToString() + " through " + member.ToString()};
}

Result<bool> AcceptsSessionAt(const Endpoint& member, Zxid zxid, milliseconds timeout) {
  auto session = Session::Open(member, zxid, timeout);
  if (session) {
    session->Close();
    return true;
  }
  if (session.error().reason() == "zk.no_session") {
    return false;
  }
  return Fail(session.error());
}

}  // namespace zoowarden::zknet
