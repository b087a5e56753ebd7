#include "agent/service/call_audit.h"
#include "agent/service/handlers.h"
#include "rpc/status.h"
#include "zoowarden/v1/lease.grpc.pb.h"

namespace zoowarden::agent {
namespace {

void ToWire(const LeaseView& view, v1::Lease& wire) {
  wire.set_epoch(view.owner.epoch);
  wire.set_holder(view.owner.holder);
  wire.set_run_id(view.owner.run_id);
  wire.set_left_ms(static_cast<std::uint32_t>(view.left.count()));
  wire.set_lapse_ms(static_cast<std::uint32_t>(view.lapse.count()));
}

grpc::Status Reply(CallAudit& audit, const base::Result<LeaseView>& view, v1::Lease* reply) {
  if (view) {
    ToWire(*view, *reply);
  }
  return audit.Done(view);
}

// Whom a take-over interrupts, for the audit.
std::string Interrupted(const LeaseView& held, const v1::RunHeader& run) {
  if (held.left.count() == 0 || held.owner.holder == run.holder()) {
    return "";
  }
  return "takes over from run '" + held.owner.run_id + "' of " + held.owner.holder + ", epoch " +
         std::to_string(held.owner.epoch) + ", whose lease had " +
         std::to_string(held.left.count()) + " ms left";
}

class LeaseHandlers final : public v1::LeaseService::Service {
 public:
  explicit LeaseHandlers(AgentCore& core) : core_(core) {}

  grpc::Status GetLease(grpc::ServerContext* context,
                        const v1::GetLeaseRequest* /*request*/,
                        v1::Lease* reply) override {
    const auto place = Enter(core_, *context);
    if (!place) {
      return rpc::ToGrpcStatus(place.error());
    }
    ToWire(core_.WithLease([](LeaseKeeper& lease) { return lease.Get(); }), *reply);
    return grpc::Status::OK;
  }

  grpc::Status Acquire(grpc::ServerContext* context,
                       const v1::AcquireRequest* request,
                       v1::Lease* reply) override {
    const v1::RunHeader& run = request->run();
    CallAudit audit(core_, *context, "LeaseService/Acquire", run);
    if (const auto header = CheckHeader(core_, run); !header) {
      return audit.Done(header);
    }
    const auto acquired = core_.WithLease(audit.call(), [&](LeaseKeeper& lease) {
      if (request->take_over()) {
        audit.SetDetail(Interrupted(lease.Get(), run));
      }
      return lease.Acquire(FromWire(run), request->take_over());
    });
    return Reply(audit, acquired, reply);
  }

  grpc::Status Release(grpc::ServerContext* context,
                       const v1::ReleaseRequest* request,
                       v1::Lease* reply) override {
    CallAudit audit(core_, *context, "LeaseService/Release", request->run());
    if (const auto header = CheckHeader(core_, request->run()); !header) {
      return audit.Done(header);
    }
    const auto released = core_.WithLease(
        audit.call(), [&](LeaseKeeper& lease) { return lease.Release(FromWire(request->run())); });
    return Reply(audit, released, reply);
  }

 private:
  AgentCore& core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeLeaseService(AgentCore& core) {
  return std::make_unique<LeaseHandlers>(core);
}

}  // namespace zoowarden::agent
