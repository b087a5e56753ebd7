#include "agent/service/begin_wire.h"
#include "agent/service/handlers.h"
#include "rpc/status.h"
#include "zoowarden/v1/operate.grpc.pb.h"

namespace zoowarden::agent {
namespace {

// How long Watch waits for a change before it looks whether its caller is still there.
constexpr std::chrono::milliseconds kWatchTurn{500};

grpc::Status Reply(const base::Result<model::OperationState>& state, v1::OperationReply* reply) {
  if (!state) {
    return rpc::ToGrpcStatus(state.error());
  }
  reply->set_state(std::string(model::OperationStateName(*state)));
  return grpc::Status::OK;
}

grpc::Status Reply(const base::Result<UploadProgress>& progress, v1::GetUploadResponse* reply) {
  if (!progress) {
    return rpc::ToGrpcStatus(progress.error());
  }
  reply->set_offset(progress->offset);
  reply->set_complete(progress->complete);
  return grpc::Status::OK;
}

class OperateHandlers final : public v1::OperateService::Service {
 public:
  explicit OperateHandlers(AgentCore& core) : core_(core) {}

  grpc::Status GetUpload(grpc::ServerContext* context,
                         const v1::GetUploadRequest* request,
                         v1::GetUploadResponse* reply) override {
    if (const auto may = CheckStaging(core_, *context, request->run()); !may) {
      return rpc::ToGrpcStatus(may);
    }
    return Reply(core_.WithReleases([&](Releases& all) { return all.Progress(request->sha512()); }),
                 reply);
  }

  grpc::Status Upload(grpc::ServerContext* context,
                      grpc::ServerReader<v1::UploadRequest>* chunks,
                      v1::GetUploadResponse* reply) override {
    v1::UploadRequest chunk;
    base::Result<UploadProgress> progress = UploadProgress{};
    while (progress && chunks->Read(&chunk)) {
      if (const auto may = CheckStaging(core_, *context, chunk.run()); !may) {
        return rpc::ToGrpcStatus(may);
      }
      progress = core_.WithReleases([&](Releases& all) {
        return all.Append({.sha512 = chunk.sha512(),
                           .offset = chunk.offset(),
                           .total_size = chunk.total_size(),
                           .data = chunk.data()});
      });
    }
    return Reply(progress, reply);
  }

  grpc::Status Begin(grpc::ServerContext* /*context*/,
                     const v1::BeginRequest* request,
                     v1::OperationReply* reply) override {
    const auto begin = FromWire(*request);
    if (!begin) {
      return rpc::ToGrpcStatus(begin.error());
    }
    return Call(request->call(), reply, [&](OperationRunner& runner, const CallIdentity& call) {
      return runner.Begin(call, *begin);
    });
  }

  grpc::Status RequestPermit(grpc::ServerContext* /*context*/,
                             const v1::RequestPermitRequest* request,
                             v1::RequestPermitResponse* reply) override {
    if (const auto fenced = CheckFenced(core_, request->call().run()); !fenced) {
      return rpc::ToGrpcStatus(fenced);
    }
    const auto permit = core_.WithRunner([&](OperationRunner& runner) {
      return runner.RequestPermit(zoowarden::agent::FromWire(request->call()));
    });
    if (!permit) {
      return rpc::ToGrpcStatus(permit.error());
    }
    reply->set_permit_id(permit->id);
    reply->set_valid_ms(static_cast<std::uint32_t>(permit->valid.count()));
    return grpc::Status::OK;
  }

  grpc::Status Proceed(grpc::ServerContext* /*context*/,
                       const v1::ProceedRequest* request,
                       v1::OperationReply* reply) override {
    return Call(request->call(), reply, [&](OperationRunner& runner, const CallIdentity& call) {
      return runner.Proceed(call, request->permit_id());
    });
  }

  grpc::Status Commit(grpc::ServerContext* /*context*/,
                      const v1::CommitRequest* request,
                      v1::OperationReply* reply) override {
    return Call(request->call(), reply, [](OperationRunner& runner, const CallIdentity& call) {
      return runner.Commit(call);
    });
  }

  grpc::Status RollBack(grpc::ServerContext* /*context*/,
                        const v1::RollBackRequest* request,
                        v1::OperationReply* reply) override {
    return Call(request->call(), reply, [&](OperationRunner& runner, const CallIdentity& call) {
      return runner.RollBack(call, request->permit_id());
    });
  }

  grpc::Status Close(grpc::ServerContext* /*context*/,
                     const v1::CloseRequest* request,
                     v1::OperationReply* reply) override {
    const auto closed =
        Call(request->call(), reply, [](OperationRunner& runner, const CallIdentity& call) {
          return runner.Close(call);
        });
    if (closed.ok()) {
      core_.CollectReleases();
    }
    return closed;
  }

  grpc::Status Watch(grpc::ServerContext* context,
                     const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::OperationEvent>* events) override {
    if (const auto fenced = CheckFenced(core_, request->run()); !fenced) {
      return rpc::ToGrpcStatus(fenced);
    }
    std::uint64_t told = 0;
    while (!context->IsCancelled()) {
      for (const auto& change : core_.WaitChanges(request->operation_id(), told, kWatchTurn)) {
        told = change.sequence;
        v1::OperationEvent event;
        event.set_operation_id(change.operation_id);
        event.set_state(std::string(model::OperationStateName(change.state)));
        event.set_detail(change.detail);
        event.set_sequence(change.sequence);
        if (!events->Write(event)) {
          return grpc::Status::OK;
        }
      }
    }
    return grpc::Status::OK;
  }

 private:
  template <typename F>
  grpc::Status Call(const v1::CallHeader& header, v1::OperationReply* reply, F call) {
    if (const auto fenced = CheckFenced(core_, header.run()); !fenced) {
      return rpc::ToGrpcStatus(fenced);
    }
    const auto identity = zoowarden::agent::FromWire(header);
    return Reply(core_.WithRunner([&](OperationRunner& runner) { return call(runner, identity); }),
                 reply);
  }

  AgentCore& core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeOperateService(AgentCore& core) {
  return std::make_unique<OperateHandlers>(core);
}

}  // namespace zoowarden::agent
