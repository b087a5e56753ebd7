#include "agent/observe/tree_walk.h"
#include "agent/service/handlers.h"
#include "agent/service/idle_guard.h"
#include "rpc/limits.h"
#include "rpc/status.h"
#include "zk/srvr.h"
#include "zknet/four_letter.h"
#include "zoowarden/v1/tree.grpc.pb.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

using std::chrono::milliseconds;

constexpr int kMostPaths = 1'000;
constexpr milliseconds kQuestion{800};
constexpr std::uint32_t kMaxWaitMs = 10'000;
// A walk whose caller takes nothing for so long ends: it would hold a thread and a session.
constexpr milliseconds kWalkIdle{120'000};
// The lease lapses after three seconds at the earliest.
constexpr milliseconds kRenewEvery{1'000};
// What each znode costs beside its path.
constexpr std::size_t kBytesOfZnode = 80;

v1::Sight SightOf(model::Sight sight) {
  switch (sight) {
    case model::Sight::kAbsent:
      return v1::SIGHT_ABSENT;
    case model::Sight::kPresent:
      return v1::SIGHT_PRESENT;
    case model::Sight::kForbidden:
      return v1::SIGHT_FORBIDDEN;
  }
  return v1::SIGHT_UNSPECIFIED;
}

void ToWire(const model::Znode& znode, v1::Znode& wire) {
  wire.set_path(znode.path);
  wire.set_sight(SightOf(znode.sight));
  if (znode.sight != model::Sight::kPresent) {
    return;
  }
  const auto& facts = znode.facts;
  wire.set_czxid(facts.created.value);
  wire.set_mzxid(facts.modified.value);
  wire.set_version(facts.version);
  wire.set_cversion(facts.cversion);
  wire.set_aversion(facts.aversion);
  wire.set_ephemeral_owner(static_cast<std::uint64_t>(facts.owner));
  wire.set_data_bytes(facts.data_bytes);
  wire.set_data_crc(facts.data_crc);
  wire.set_acl_crc(facts.acl_crc);
}

// For the caller's progress only.
std::uint64_t ZnodesOf(const zknet::Endpoint& member) {
  const auto text = zknet::FourLetter(member, "srvr", kQuestion);
  const auto reply = text ? zk::ParseSrvr(*text) : tl::unexpected(text.error());
  return reply ? reply->node_count : 0;
}

// Collects znodes into messages and sends each when it is full; gRPC holds the walk up while the
// caller does not take them.
class Stream {
 public:
  Stream(AgentCore& core,
         grpc::ServerContext& context,
         const v1::RunHeader& run,
         grpc::ServerWriter<v1::ZnodeBatch>& batches,
         std::uint64_t expected)
      : core_(core), run_(run), batches_(batches), guard_(context, kWalkIdle) {
    batch_.set_expected(expected);
  }

  base::Status Add(const model::Znode& znode) {
    const auto size = znode.path.size() + kBytesOfZnode;
    if (bytes_ > 0 && bytes_ + size > std::size_t{rpc::kChunkBytes}) {
      ZW_TRY(Flush());
    }
    ToWire(znode, *batch_.add_znodes());
    bytes_ += size;
    // What is read slowly is told all the same.
    return core_.clock().BootTime() - renewed_ < kRenewEvery ? base::Ok() : Flush();
  }

  base::Status Flush() {
    if (const auto now = core_.clock().BootTime(); now - renewed_ >= kRenewEvery) {
      ZW_TRY(CheckFenced(core_, run_));
      renewed_ = now;
    }
    if (batch_.znodes_size() == 0) {
      return base::Ok();
    }
    const bool taken = guard_.Wait([this] { return batches_.Write(batch_); });
    batch_.Clear();
    bytes_ = 0;
    if (!taken) {
      return base::Fail(base::ErrorCode::kCancelled,
                        "tree.not_taken",
                        "the caller went away, or took nothing of the walk for " +
                            std::to_string(kWalkIdle.count() / 1'000) + " s; begin the walk anew");
    }
    return base::Ok();
  }

 private:
  AgentCore& core_;
  const v1::RunHeader& run_;
  grpc::ServerWriter<v1::ZnodeBatch>& batches_;
  IdleGuard guard_;
  v1::ZnodeBatch batch_;
  std::size_t bytes_ = 0;
  milliseconds renewed_{core_.clock().BootTime()};
};

class TreeHandlers final : public v1::TreeService::Service {
 public:
  explicit TreeHandlers(AgentCore& core) : core_(core) {}

  grpc::Status WalkTree(grpc::ServerContext* context,
                        const v1::WalkTreeRequest* request,
                        grpc::ServerWriter<v1::ZnodeBatch>* batches) override {
    const auto place = Enter(core_, *context, CallKind::kWalk);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    return rpc::ToGrpcStatus(Walk(*context, *request, *batches));
  }

  grpc::Status ReadZnodes(grpc::ServerContext* /*context*/,
                          const v1::ReadZnodesRequest* request,
                          v1::ZnodeBatch* reply) override {
    return rpc::ToGrpcStatus(Read(*request, *reply));
  }

 private:
  base::Status Walk(grpc::ServerContext& context,
                    const v1::WalkTreeRequest& request,
                    grpc::ServerWriter<v1::ZnodeBatch>& batches) {
    ZW_TRY(CheckFenced(core_, request.run()));
    ZW_ASSIGN(const auto member, core_.LocalMember());
    MemberTree tree({.member = member,
                     .at_least = {request.at_least()},
                     .znodes_per_second = request.znodes_per_second()},
                    core_.clock());
    Stream stream(core_, context, request.run(), batches, ZnodesOf(member));
    ZW_TRY(
        agent::WalkTree(tree, [&stream](const model::Znode& znode) { return stream.Add(znode); }));
    return stream.Flush();
  }

  base::Status Read(const v1::ReadZnodesRequest& request, v1::ZnodeBatch& reply) {
    ZW_TRY(CheckFenced(core_, request.run()));
    std::vector<std::string> paths(request.paths().begin(), request.paths().end());
    const bool good = request.paths_size() <= kMostPaths &&
                      std::all_of(paths.begin(), paths.end(), [](const std::string& path) {
                        return model::IsZnodePath(path);
                      });
    if (!good) {
      return base::Fail(
          base::ErrorCode::kInvalidArgument,
          "tree.bad_paths",
          "at most " + std::to_string(kMostPaths) +
              " paths of znodes are read at once, and each must be one; use the zoowarden of this "
              "release");
    }
    ZW_ASSIGN(const auto member, core_.LocalMember());
    MemberTree tree({.member = member,
                     .at_least = {request.at_least()},
                     .connect = milliseconds(std::min(request.deadline_ms(), kMaxWaitMs))},
                    core_.clock());
    for (std::size_t done = 0; done < paths.size();) {
      const auto count = std::min(tree.Window(), paths.size() - done);
      ZW_ASSIGN(const auto read, tree.Read({&paths[done], count}));
      for (const auto& one : read) {
        ToWire(one.znode, *reply.add_znodes());
      }
      done += count;
    }
    return base::Ok();
  }

  AgentCore& core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeTreeService(AgentCore& core) {
  return std::make_unique<TreeHandlers>(core);
}

}  // namespace zoowarden::agent
