#include "agent/observe/tree_walk.h"
#include "agent/service/handlers.h"
#include "agent/service/znode_stream.h"
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

// For the caller's progress only.
std::uint64_t ZnodesOf(const zknet::Endpoint& member) {
  const auto text = zknet::FourLetter(member, "srvr", kQuestion);
  const auto reply = text ? zk::ParseSrvr(*text) : tl::unexpected(text.error());
  return reply ? reply->node_count : 0;
}

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
    ZnodeStream stream(
        {.expected = ZnodesOf(member), .empty_batches = request.empty_batches()},
        core_.clock(),
        [&] { return CheckFenced(core_, request.run()); },
        TakenWithin(kWalkIdle, context, batches));
    ZW_TRY(agent::WalkTree(
        tree,
        [&stream](const model::Znode& znode) { return stream.Add(znode); },
        [&stream] { return stream.Tick(); }));
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
    if (paths.empty()) {
      return base::Ok();  // asked for the lease alone
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
