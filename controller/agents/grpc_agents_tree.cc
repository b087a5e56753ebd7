// The calls that read znode trees.
#include "controller/agents/grpc_agents_impl.h"
#include "controller/agents/lease_renewal.h"

namespace zoowarden::controller {

namespace {

// An agent that walks sends something each second, if only an empty message, but while it waits for
// one answer of its member; that it does for 55 s at most. One of before sends znodes only.
constexpr milliseconds kSilence{60'000};
// How long it may take to see that it shall stop.
constexpr milliseconds kNap{200};
constexpr milliseconds kRenewEvery{1'000};
constexpr milliseconds kReadDeadline{10'000};
constexpr milliseconds kReadMargin{30'000};

base::Result<model::Znode> ZnodeFrom(const v1::Znode& wire) {
  model::Znode znode{.path = wire.path()};
  if (!model::IsZnodePath(znode.path)) {
    return base::Fail(BadWireValue("path", "is not one of a znode"));
  }
  switch (wire.sight()) {
    case v1::SIGHT_ABSENT:
      znode.sight = model::Sight::kAbsent;
      return znode;
    case v1::SIGHT_FORBIDDEN:
      znode.sight = model::Sight::kForbidden;
      return znode;
    case v1::SIGHT_PRESENT:
      break;
    default:
      return base::Fail(BadWireValue("sight", "is unknown"));
  }
  znode.sight = model::Sight::kPresent;
  znode.facts = {.created = {wire.czxid()},
                 .modified = {wire.mzxid()},
                 .version = wire.version(),
                 .cversion = wire.cversion(),
                 .aversion = wire.aversion(),
                 .owner = static_cast<std::int64_t>(wire.ephemeral_owner()),
                 .data_bytes = wire.data_bytes(),
                 .data_crc = wire.data_crc(),
                 .acl_crc = wire.acl_crc()};
  return znode;
}

// A stream that is read when somebody asks, one message ahead.
class GrpcWalk final : public TreeWalk, public grpc::ClientReadReactor<v1::ZnodeBatch> {
 public:
  GrpcWalk(const Connection& connection,
           v1::WalkTreeRequest request,
           std::function<bool()> stop_requested)
      : connection_(connection),
        request_(std::move(request)),
        stop_requested_(std::move(stop_requested)) {
    connection.tree->async()->WalkTree(&context_, &request_, this);
    StartRead(&arriving_);
    AddHold();  // further reads are started from outside
    StartCall();
  }

  ~GrpcWalk() override {
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    LetGo();
    changed_.wait(lock, [this] { return done_; });
  }

  base::Result<std::vector<model::Znode>> Next() override {
    std::unique_lock lock(mutex_);
    while (true) {
      ZW_TRY(Wait(lock));
      if (!arrived_) {
        LetGo();
        changed_.wait(lock, [this] { return done_; });
        return End();
      }
      if (connection_.judge && !judged_) {
        ZW_TRY(connection_.judge(rpc::PeerCertificate(*context_.auth_context())));
        judged_ = true;
      }
      auto znodes = FromWire(arriving_);
      if (!znodes) {
        return base::Fail(znodes.error().WithContext(NameOf(connection_.server)));
      }
      if (arriving_.expected() != 0) {
        expected_ = arriving_.expected();
      }
      arrived_ = false;
      StartRead(&arriving_);
      if (!znodes->empty()) {
        return znodes;
      }
    }
  }

  [[nodiscard]] std::uint64_t expected() const override { return expected_; }

  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    arrived_ = ok;
    ended_ = !ok;
    changed_.notify_all();
  }
  void OnDone(const grpc::Status& status) override {
    const std::lock_guard lock(mutex_);
    status_ = status;
    done_ = true;
    ended_ = true;
    changed_.notify_all();
  }

 private:
  // Until something came or the walk has ended.
  base::Status Wait(std::unique_lock<std::mutex>& lock) {
    const auto ends = std::chrono::steady_clock::now() + kSilence;
    while (true) {
      if (stop_requested_ && stop_requested_()) {
        return base::Fail(base::ErrorCode::kCancelled, "tree.stopped", "stopped on request");
      }
      if (changed_.wait_for(lock, kNap, [this] { return arrived_ || ended_; })) {
        return base::Ok();
      }
      if (std::chrono::steady_clock::now() >= ends) {
        return base::Fail(base::ErrorCode::kDeadlineExceeded,
                          "tree.stalled",
                          NameOf(connection_.server) + " sent nothing of its tree for " +
                              std::to_string(kSilence.count() / 1'000) + " s");
      }
    }
  }

  // With the mutex held; the call may end from now on.
  void LetGo() {
    if (held_) {
      held_ = false;
      RemoveHold();
    }
  }

  base::Result<std::vector<model::Znode>> End() {
    if (const auto believed = CheckAnswerer(connection_, context_, status_); !believed) {
      return base::Fail(believed.error().WithContext(NameOf(connection_.server)));
    }
    return std::vector<model::Znode>();
  }

  const Connection& connection_;
  const v1::WalkTreeRequest request_;
  const std::function<bool()> stop_requested_;
  grpc::ClientContext context_;
  v1::ZnodeBatch arriving_;
  std::mutex mutex_;
  std::condition_variable changed_;
  grpc::Status status_;
  bool arrived_ = false;
  bool ended_ = false;
  bool done_ = false;
  bool held_ = true;
  bool judged_ = false;
  std::uint64_t expected_ = 0;
};

}  // namespace

base::Result<std::vector<model::Znode>> FromWire(const v1::ZnodeBatch& wire) {
  std::vector<model::Znode> znodes;
  znodes.reserve(static_cast<std::size_t>(wire.znodes_size()));
  for (const auto& one : wire.znodes()) {
    ZW_ASSIGN(auto znode, ZnodeFrom(one));
    znodes.push_back(std::move(znode));
  }
  return znodes;
}

std::unique_ptr<TreeWalk> GrpcAgents::Walk(model::ServerId server, const WalkRequest& request) {
  v1::WalkTreeRequest wire;
  ToWire(impl_->options.ensemble, request.run, *wire.mutable_run());
  wire.set_at_least(request.at_least.value);
  wire.set_znodes_per_second(request.znodes_per_second);
  wire.set_empty_batches(true);
  return std::make_unique<GrpcWalk>(impl_->Of(server), std::move(wire), request.stop_requested);
}

std::vector<Answer<std::vector<model::Znode>>> GrpcAgents::ReadZnodes(
    const RunIdentity& run,
    const std::set<model::ServerId>& servers,
    model::Zxid at_least,
    const std::vector<std::string>& paths) {
  v1::ReadZnodesRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  request.set_at_least(at_least.value);
  request.set_deadline_ms(WireMilliseconds(kReadDeadline));
  for (const auto& path : paths) {
    request.add_paths(path);
  }
  std::vector<const Connection*> asked;
  asked.reserve(servers.size());
  for (const auto server : servers) {
    asked.push_back(&impl_->Of(server));
  }
  auto responses = AskAll<TreeAsync, v1::ReadZnodesRequest, v1::ZnodeBatch>(
      asked, &TreeAsync::ReadZnodes, request, kReadDeadline + kReadMargin);
  return Answers<std::vector<model::Znode>>(
      asked,
      std::move(responses),
      [&paths](const v1::ZnodeBatch& wire,
               model::ServerId /*server*/) -> base::Result<std::vector<model::Znode>> {
        ZW_ASSIGN(auto znodes, FromWire(wire));
        const bool asked_for = znodes.size() == paths.size() &&
                               std::equal(znodes.begin(),
                                          znodes.end(),
                                          paths.begin(),
                                          [](const model::Znode& znode, const std::string& path) {
                                            return znode.path == path;
                                          });
        if (!asked_for) {
          return base::Fail(BadWireValue("znodes", "are not those that were asked for"));
        }
        return znodes;
      });
}

std::unique_ptr<LeaseRenewal> GrpcAgents::KeepLease(const RunIdentity& run) {
  v1::ReadZnodesRequest request;
  ToWire(impl_->options.ensemble, run, *request.mutable_run());
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (const auto* connection : impl_->All()) {
    channels.push_back(connection->channel);
  }
  return std::make_unique<RenewingThread>(channels, std::move(request), kRenewEvery);
}

}  // namespace zoowarden::controller
