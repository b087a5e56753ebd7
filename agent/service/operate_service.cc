#include "agent/service/begin_wire.h"
#include "agent/service/call_audit.h"
#include "agent/service/handlers.h"
#include "agent/service/upload_stream.h"
#include "base/text.h"
#include "rpc/status.h"
#include "zoowarden/v1/operate.grpc.pb.h"

#include <utility>

namespace zoowarden::agent {
namespace {

// How long Watch waits for a change before it looks whether its caller is still there.
constexpr std::chrono::milliseconds kWatchTurn{500};
constexpr std::size_t kShownDigits = 16;

void Fill(const base::Result<UploadProgress>& progress, v1::GetUploadResponse* reply) {
  if (progress) {
    reply->set_offset(progress->offset);
    reply->set_complete(progress->complete);
  }
}

std::string WhatItBegins(const v1::BeginRequest& request) {
  const std::string to = request.existing_generation().empty() ? request.expected_digest()
                                                               : request.existing_generation();
  return "from '" + request.from_generation() + "' to '" + to + "'";
}

class OperateHandlers final : public v1::OperateService::Service {
 public:
  OperateHandlers(AgentCore& core, std::chrono::milliseconds upload_idle)
      : core_(core), upload_idle_(upload_idle) {}

  grpc::Status GetUpload(grpc::ServerContext* context,
                         const v1::GetUploadRequest* request,
                         v1::GetUploadResponse* reply) override {
    const auto place = Enter(core_, *context);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    CallAudit audit(core_, *context, "OperateService/GetUpload", request->run());
    const auto held = Held(*context, *request, audit, *reply);
    Fill(held, reply);
    // To ask how much is here changes nothing; to have it fetched does, once.
    const bool has_row = request->fetch() && (!held || audit.begun());
    return has_row ? audit.Done(held)
                   : rpc::ToGrpcStatus(held ? base::Ok() : base::Status(base::Fail(held.error())));
  }

  grpc::Status Upload(grpc::ServerContext* context,
                      grpc::ServerReader<v1::UploadRequest>* chunks,
                      v1::GetUploadResponse* reply) override {
    const auto place = Enter(core_, *context, CallKind::kUpload);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());  // at once: a row would hold the thread
    }
    CallAudit audit(core_, *context, "OperateService/Upload");
    const auto progress = UploadStream(core_, *context, audit, upload_idle_).Take(*chunks);
    Fill(progress, reply);
    return audit.Done(progress);
  }

  grpc::Status Begin(grpc::ServerContext* context,
                     const v1::BeginRequest* request,
                     v1::OperationReply* reply) override {
    CallAudit audit(core_, *context, "OperateService/Begin", request->call());
    audit.SetDetail(WhatItBegins(*request));
    const auto begin = FromWire(*request);
    if (!begin) {
      return audit.Done(begin);
    }
    return Call(
        audit, request->call(), reply, [&](OperationRunner& runner, const CallIdentity& call) {
          return runner.Begin(call, *begin);
        });
  }

  grpc::Status RequestPermit(grpc::ServerContext* context,
                             const v1::RequestPermitRequest* request,
                             v1::RequestPermitResponse* reply) override {
    CallAudit audit(core_, *context, "OperateService/RequestPermit", request->call());
    if (const auto fenced = CheckFenced(core_, request->call().run()); !fenced) {
      return audit.Done(fenced);
    }
    const auto permit = core_.WithRunner(audit.call(), [&](OperationRunner& runner) {
      return runner.RequestPermit(zoowarden::agent::FromWire(request->call()));
    });
    if (permit) {
      reply->set_permit_id(permit->id);
      reply->set_valid_ms(static_cast<std::uint32_t>(permit->valid.count()));
    }
    return audit.Done(permit);
  }

  grpc::Status Proceed(grpc::ServerContext* context,
                       const v1::ProceedRequest* request,
                       v1::OperationReply* reply) override {
    CallAudit audit(core_, *context, "OperateService/Proceed", request->call());
    return Call(
        audit, request->call(), reply, [&](OperationRunner& runner, const CallIdentity& call) {
          return runner.Proceed(call, request->permit_id());
        });
  }

  grpc::Status Commit(grpc::ServerContext* context,
                      const v1::CommitRequest* request,
                      v1::OperationReply* reply) override {
    CallAudit audit(core_, *context, "OperateService/Commit", request->call());
    return Call(
        audit, request->call(), reply, [](OperationRunner& runner, const CallIdentity& call) {
          return runner.Commit(call);
        });
  }

  grpc::Status RollBack(grpc::ServerContext* context,
                        const v1::RollBackRequest* request,
                        v1::OperationReply* reply) override {
    CallAudit audit(core_, *context, "OperateService/RollBack", request->call());
    return Call(
        audit, request->call(), reply, [&](OperationRunner& runner, const CallIdentity& call) {
          return runner.RollBack(call, request->permit_id());
        });
  }

  grpc::Status Close(grpc::ServerContext* context,
                     const v1::CloseRequest* request,
                     v1::OperationReply* reply) override {
    CallAudit audit(core_, *context, "OperateService/Close", request->call());
    auto closed =
        Call(audit, request->call(), reply, [](OperationRunner& runner, const CallIdentity& call) {
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
    std::uint64_t told = request->after_sequence();
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
  base::Result<UploadProgress> Held(const grpc::ServerContext& context,
                                    const v1::GetUploadRequest& request,
                                    CallAudit& audit,
                                    v1::GetUploadResponse& reply) {
    const std::string& sha512 = request.sha512();
    audit.SetDetail("fetch sha512 " + sha512.substr(0, kShownDigits) + "... version " +
                    request.version());
    ZW_TRY(CheckStaging(core_, context, request.run()));
    ZW_ASSIGN(const UploadProgress held,
              core_.WithReleases([&](Releases& all) { return all.Progress(sha512); }));
    if (held.complete || !request.fetch()) {
      return held;
    }
    const auto version = model::ParseVersion(request.version());
    if (!version) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "upload.bad_version",
                        "'" + base::Printable(request.version(), kShownDigits) + "' of archive " +
                            sha512.substr(0, kShownDigits) +
                            "... is no release version; check release.version of ensemble.yaml");
    }
    ZW_TRY(core_.downloads().Want(*version, sha512, [&audit] { return audit.Begin(); }));
    reply.set_fetching(true);
    return held;
  }

  template <typename F>
  grpc::Status Call(CallAudit& audit,
                    const v1::CallHeader& header,
                    v1::OperationReply* reply,
                    F call) {
    if (const auto fenced = CheckFenced(core_, header.run()); !fenced) {
      return audit.Done(fenced);
    }
    const auto identity = zoowarden::agent::FromWire(header);
    const auto state = core_.WithRunner(audit.call(), [&](OperationRunner& runner) {
      auto entered = call(runner, identity);
      reply->set_sequence(runner.stored().changes);
      return entered;
    });
    if (state) {
      reply->set_state(std::string(model::OperationStateName(*state)));
    }
    return audit.Done(state);
  }

  AgentCore& core_;
  std::chrono::milliseconds upload_idle_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeOperateService(AgentCore& core,
                                                  std::chrono::milliseconds upload_idle) {
  return std::make_unique<OperateHandlers>(core, upload_idle);
}

}  // namespace zoowarden::agent
