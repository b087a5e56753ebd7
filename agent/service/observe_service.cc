#include "agent/service/call_audit.h"
#include "agent/service/handlers.h"
#include "agent/service/observation_wire.h"
#include "rpc/status.h"
#include "zoowarden/v1/observe.grpc.pb.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

// What a caller may ask an agent to wait at most.
constexpr std::uint32_t kMaxWaitMs = 10'000;

std::chrono::milliseconds Wait(std::uint32_t asked_ms) {
  return std::chrono::milliseconds(std::min(asked_ms, kMaxWaitMs));
}

class ObserveHandlers final : public v1::ObserveService::Service {
 public:
  ObserveHandlers(AgentCore& core, Certificates& certificates)
      : core_(core), certificates_(certificates) {}

  grpc::Status GetStatus(grpc::ServerContext* context,
                         const v1::GetStatusRequest* /*request*/,
                         v1::Observation* reply) override {
    const auto place = Enter(core_, *context);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    auto seen = core_.Look({});
    seen.certificate = certificates_.Describe();
    ToWire(seen, *reply);
    return grpc::Status::OK;
  }

  grpc::Status Observe(grpc::ServerContext* /*context*/,
                       const v1::ObserveRequest* request,
                       v1::Observation* reply) override {
    if (const auto fenced = CheckFenced(core_, request->run()); !fenced) {
      return rpc::ToGrpcStatus(fenced);
    }
    ProbeRequest probe{.deadline = Wait(request->deadline_ms()),
                       .check_session = request->check_session(),
                       .read_back_path = request->read_back_path(),
                       .tree_digests = request->tree_digests()};
    if (request->canary() != 0) {
      probe.canary = model::Zxid{request->canary()};
    }
    ToWire(core_.Look(probe), *reply);
    return grpc::Status::OK;
  }

  grpc::Status CommitCanary(grpc::ServerContext* context,
                            const v1::CommitCanaryRequest* request,
                            v1::CommitCanaryResponse* reply) override {
    CallAudit audit(core_, *context, "ObserveService/CommitCanary", request->run());
    audit.SetDetail(request->path());
    if (const auto fenced = CheckFenced(core_, request->run()); !fenced) {
      return audit.Done(fenced);
    }
    const auto canary = core_.CommitCanary(request->path(), Wait(request->deadline_ms()));
    if (canary) {
      reply->set_zxid(canary->zxid.value);
      reply->set_method(canary->method);
    }
    return audit.Done(canary);
  }

 private:
  AgentCore& core_;
  Certificates& certificates_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeObserveService(AgentCore& core, Certificates& certificates) {
  return std::make_unique<ObserveHandlers>(core, certificates);
}

}  // namespace zoowarden::agent
