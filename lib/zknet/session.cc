#include "zknet/session.h"

#include "zk/srvr.h"
#include "zknet/four_letter.h"
#include "zknet/frames.h"
#include "zknet/raw_session.h"

namespace zoowarden::zknet {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using model::Zxid;
using std::chrono::milliseconds;

// Sessions live for milliseconds; the servers raise this to their own minimum.
constexpr milliseconds kSessionTimeout{4000};
constexpr std::size_t kMaxFrame = 1U << 20U;

constexpr std::int32_t kTypeDelete = 2;

RawSession::Options Ask(Zxid last_seen) {
  return {.last_seen = last_seen, .session_timeout = kSessionTimeout, .max_frame = kMaxFrame};
}

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
  ZW_ASSIGN(auto session, RawSession::Open(member, Ask(Zxid{}), timeout - spent));
  std::string request;
  PutBuffer(request, "/");
  Put(request, std::int32_t{-1});  // any version
  ZW_ASSIGN(const auto reply, session.Call(kTypeDelete, request));
  if (reply.error == kZooAuthenticationRequired) {
    if (!before) {
      return Fail(before.error());
    }
    return SessionAsCanary(member, *before, session.Remaining());
  }
  if (reply.error != kZooBadArguments || reply.zxid <= 0) {
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
  auto session = RawSession::Open(member, Ask(zxid), timeout);
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
