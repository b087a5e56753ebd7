#include "agent/service/services.h"

#include "agent/service/handlers.h"

namespace zoowarden::agent {

Services::Services(AgentCore& core) {
  services_.push_back(MakeObserveService(core));
  services_.push_back(MakeOperateService(core));
  services_.push_back(MakeLeaseService(core));
  services_.push_back(MakeRecordService(core));
}

Services::~Services() = default;

std::vector<grpc::Service*> Services::All() {
  std::vector<grpc::Service*> all;
  for (const auto& service : services_) {
    all.push_back(service.get());
  }
  return all;
}

RunIdentity FromWire(const v1::RunHeader& wire) {
  return {.run_id = wire.run_id(), .epoch = wire.epoch(), .holder = wire.holder()};
}

CallIdentity FromWire(const v1::CallHeader& wire) {
  return {.run = FromWire(wire.run()),
          .operation_id = wire.operation_id(),
          .sequence = wire.sequence()};
}

base::Status CheckHeader(const AgentCore& core, const v1::RunHeader& wire) {
  if (wire.ensemble() != core.ensemble()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "call.other_ensemble",
                      "this agent belongs to ensemble " + core.ensemble());
  }
  if (wire.run_id().empty() || wire.epoch() == 0 || wire.holder().empty()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "call.no_run",
                      "the call names no run, epoch and holder");
  }
  return base::Ok();
}

base::Status CheckFenced(AgentCore& core, const v1::RunHeader& wire) {
  ZW_TRY(CheckHeader(core, wire));
  return core.WithLease([&](LeaseKeeper& lease) { return lease.Renew(FromWire(wire)); });
}

}  // namespace zoowarden::agent
