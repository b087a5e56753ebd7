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

grpc::Status Reply(const base::Result<LeaseView>& view, v1::Lease* reply) {
  if (!view) {
    return rpc::ToGrpcStatus(view.error());
  }
  ToWire(*view, *reply);
  return grpc::Status::OK;
}

class LeaseHandlers final : public v1::LeaseService::Service {
 public:
  explicit LeaseHandlers(AgentCore& core) : core_(core) {}

  grpc::Status GetLease(grpc::ServerContext* /*context*/,
                        const v1::GetLeaseRequest* /*request*/,
                        v1::Lease* reply) override {
    ToWire(core_.WithLease([](LeaseKeeper& lease) { return lease.Get(); }), *reply);
    return grpc::Status::OK;
  }

  grpc::Status Acquire(grpc::ServerContext* /*context*/,
                       const v1::AcquireRequest* request,
                       v1::Lease* reply) override {
    if (const auto header = CheckHeader(core_, request->run()); !header) {
      return rpc::ToGrpcStatus(header);
    }
    const auto acquired = core_.WithLease([&](LeaseKeeper& lease) {
      return lease.Acquire(FromWire(request->run()), request->take_over());
    });
    return Reply(acquired, reply);
  }

  grpc::Status Release(grpc::ServerContext* /*context*/,
                       const v1::ReleaseRequest* request,
                       v1::Lease* reply) override {
    if (const auto header = CheckHeader(core_, request->run()); !header) {
      return rpc::ToGrpcStatus(header);
    }
    const auto released = core_.WithLease(
        [&](LeaseKeeper& lease) { return lease.Release(FromWire(request->run())); });
    return Reply(released, reply);
  }

 private:
  AgentCore& core_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeLeaseService(AgentCore& core) {
  return std::make_unique<LeaseHandlers>(core);
}

}  // namespace zoowarden::agent
