#include "zknet/znode_reader.h"

#include "zknet/frames.h"

#include <zlib.h>

#include <algorithm>
#include <thread>

namespace zoowarden::zknet {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using model::Sight;
using std::chrono::milliseconds;

constexpr std::int32_t kGetData = 4;
constexpr std::int32_t kGetAcl = 6;
constexpr std::int32_t kGetChildren2 = 12;

// A million children with names of sixty characters.
constexpr std::size_t kMaxFrame = std::size_t{64} << 20U;
constexpr std::size_t kStatSize = 68;
constexpr milliseconds kSessionTimeout{30'000};
// For one batch of answers: a member that collects garbage may take seconds.
constexpr milliseconds kBatchTimeout{15'000};
constexpr milliseconds kPause{20};
constexpr std::size_t kFirstWindow = 16;
constexpr std::size_t kLargestWindow = 128;
// Large data is seldom alone: by so much less each batch is it expected again.
constexpr std::size_t kForget = 64;
constexpr std::size_t kWindowBytes = std::size_t{1} << 20U;

// org.apache.zookeeper.data.Stat, as far as it is compared; ctime, mtime and pzxid are not.
struct Stat {
  model::ZnodeFacts facts;
  std::int32_t children = 0;
};

Stat TakeStat(FrameReader& reader) {
  Stat stat;
  stat.facts.created = {reader.Take<std::uint64_t>()};
  stat.facts.modified = {reader.Take<std::uint64_t>()};
  reader.TakeBytes(16);  // ctime, mtime
  stat.facts.version = reader.Take<std::int32_t>();
  stat.facts.cversion = reader.Take<std::int32_t>();
  stat.facts.aversion = reader.Take<std::int32_t>();
  stat.facts.owner = reader.Take<std::int64_t>();
  reader.TakeBytes(4);  // dataLength, which the data itself tells
  stat.children = reader.Take<std::int32_t>();
  reader.TakeBytes(8);  // pzxid
  return stat;
}

std::uint32_t Crc(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

// As ZooKeeper shows it to those who may not change it: without the password hashes of `digest`
// identities. Whether a client without credentials sees them depends on the release, and with an
// ACL by address on where it asks from (FinalRequestProcessor, getACL). Malformed: nothing.
std::optional<std::string> WithoutHashes(std::string_view acl) {
  FrameReader reader(acl);
  const auto count = reader.Take<std::int32_t>();
  std::string shown;
  Put(shown, count);
  for (std::int32_t i = 0; i < count && reader.good(); ++i) {
    Put(shown, reader.Take<std::int32_t>());  // permissions
    const auto scheme = reader.TakeBuffer();
    const auto id = reader.TakeBuffer();
    const auto colon = scheme == "digest" ? id.find(':') : std::string_view::npos;
    PutBuffer(shown, scheme);
    PutBuffer(shown,
              colon == std::string_view::npos ? std::string(id)
                                              : std::string(id.substr(0, colon)) + ":x");
  }
  return reader.good() && reader.rest().empty() ? std::optional(std::move(shown)) : std::nullopt;
}

std::string PathRequest(const std::string& path, bool with_watch) {
  std::string request;
  PutBuffer(request, path);
  if (with_watch) {
    request += '\0';  // none
  }
  return request;
}

}  // namespace

std::optional<ChildNames> ChildNames::Parse(std::string body) {
  ChildNames names;
  FrameReader reader(body);
  const auto count = std::max(reader.Take<std::int32_t>(), 0);
  // Each takes at least the four bytes of its length.
  if (!reader.good() || static_cast<std::size_t>(count) > reader.rest().size() / 4) {
    return std::nullopt;
  }
  names.starts_.reserve(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) {
    names.starts_.push_back(static_cast<std::uint32_t>(body.size() - reader.rest().size()));
    if (reader.TakeBuffer().empty()) {
      return std::nullopt;
    }
  }
  TakeStat(reader);
  if (!reader.good() || !reader.rest().empty()) {
    return std::nullopt;
  }
  names.body_ = std::move(body);
  const auto name = [&names](std::uint32_t start) {
    return FrameReader(std::string_view(names.body_).substr(start)).TakeBuffer();
  };
  std::sort(names.starts_.begin(), names.starts_.end(), [&name](auto a, auto b) {
    return name(a) < name(b);
  });
  return names;
}

std::string_view ChildNames::at(std::size_t index) const {
  return FrameReader(std::string_view(body_).substr(starts_.at(index))).TakeBuffer();
}

Result<ZnodeReader> ZnodeReader::Open(const Endpoint& member,
                                      model::Zxid at_least,
                                      milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    auto session = RawSession::Open(
        member,
        {.last_seen = at_least, .session_timeout = kSessionTimeout, .max_frame = kMaxFrame},
        std::max(left, milliseconds(1)));
    if (session) {
      return ZnodeReader(*std::move(session));
    }
    if (session.error().reason() != "zk.no_session" || left <= kPause) {
      return Fail(session.error());
    }
    std::this_thread::sleep_for(kPause);
  }
}

Result<RawSession::Reply> ZnodeReader::Next(std::int32_t xid) {
  ZW_ASSIGN(auto reply, session_.Receive());
  if (reply.error == kZooAuthenticationRequired) {
    return Fail(ErrorCode::kPermissionDenied,
                "zk.authentication_required",
                session_.member().ToString() +
                    " answers nobody without authentication, so its data cannot be read");
  }
  if (reply.xid != xid) {
    return Fail(RawSession::Malformed(session_.member(), "the reply to another request"));
  }
  if (reply.error != kZooOk && reply.error != kZooNoNode && reply.error != kZooNoAuth) {
    return Fail(ErrorCode::kUnavailable,
                "zk.read_failed",
                session_.member().ToString() + " answered a read with error " +
                    std::to_string(reply.error));
  }
  return reply;
}

Result<ReadZnode> ZnodeReader::Take(const std::string& path, std::int32_t xid) {
  ReadZnode read{.znode = {.path = path}};
  auto& znode = read.znode;
  ZW_ASSIGN(const auto data_reply, Next(xid));
  ZW_ASSIGN(const auto acl_reply, Next(xid + 1));
  if (data_reply.error == kZooNoNode || acl_reply.error == kZooNoNode) {
    return read;  // absent
  }
  // Its ACL may have changed between the two.
  if (data_reply.error == kZooNoAuth || acl_reply.error == kZooNoAuth) {
    znode.sight = Sight::kForbidden;
    return read;
  }
  FrameReader data(data_reply.body());
  const auto bytes = data.TakeBuffer();
  const auto stat = TakeStat(data);
  const auto body = acl_reply.body();
  const bool whole = data.good() && data.rest().empty() && body.size() >= kStatSize;
  const auto acl = WithoutHashes(body.substr(0, whole ? body.size() - kStatSize : 0));
  if (!whole || !acl) {
    return Fail(RawSession::Malformed(session_.member(), "a damaged znode"));
  }
  FrameReader after(body.substr(body.size() - kStatSize));
  const auto later = TakeStat(after).facts;
  if (later.created != stat.facts.created) {
    return read;  // deleted and made anew between the two: absent was true for a moment
  }
  znode.sight = Sight::kPresent;
  znode.facts = stat.facts;
  znode.facts.data_bytes = static_cast<std::uint32_t>(bytes.size());
  znode.facts.data_crc = Crc(bytes);
  znode.facts.aversion = later.aversion;
  znode.facts.acl_crc = Crc(*acl);
  read.children = stat.children;
  return read;
}

Result<std::vector<ReadZnode>> ZnodeReader::Read(std::span<const std::string> paths) {
  session_.AllowMore(kBatchTimeout);
  std::vector<std::int32_t> xids;
  for (const auto& path : paths) {
    xids.push_back(session_.Queue(kGetData, PathRequest(path, /*with_watch=*/true)));
    session_.Queue(kGetAcl, PathRequest(path, /*with_watch=*/false));
  }
  ZW_TRY(session_.Flush());
  std::vector<ReadZnode> znodes;
  std::size_t largest = 1;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    ZW_ASSIGN(auto read, Take(paths[i], xids[i]));
    largest = std::max<std::size_t>(largest, read.znode.facts.data_bytes);
    znodes.push_back(std::move(read));
  }
  largest_ = std::max(largest, largest_ - std::min(largest_, largest_ / kForget + 1));
  return znodes;
}

std::size_t ZnodeReader::Window() const {
  return largest_ == 0 ? kFirstWindow
                       : std::clamp<std::size_t>(kWindowBytes / largest_, 1, kLargestWindow);
}

Result<std::vector<ChildNames>> ZnodeReader::Children(std::span<const std::string> paths) {
  session_.AllowMore(kBatchTimeout);
  std::vector<std::int32_t> xids;
  for (const auto& path : paths) {
    xids.push_back(session_.Queue(kGetChildren2, PathRequest(path, /*with_watch=*/true)));
  }
  ZW_TRY(session_.Flush());
  std::vector<ChildNames> all;
  for (const auto xid : xids) {
    ZW_ASSIGN(auto reply, Next(xid));
    if (reply.error != kZooOk) {
      all.emplace_back();
      continue;
    }
    auto names = ChildNames::Parse(std::string(reply.body()));
    if (!names) {
      return Fail(RawSession::Malformed(session_.member(), "a damaged list of children"));
    }
    all.push_back(*std::move(names));
  }
  return all;
}

}  // namespace zoowarden::zknet
