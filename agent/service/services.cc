#include "agent/service/services.h"

#include "agent/service/handlers.h"
#include "base/text.h"
#include "rpc/peer.h"

namespace zoowarden::agent {

Services::Services(AgentCore& core,
                   Certificates& certificates,
                   std::chrono::milliseconds upload_idle) {
  services_.push_back(MakeObserveService(core, certificates));
  services_.push_back(MakeOperateService(core, upload_idle));
  services_.push_back(MakeLeaseService(core));
  services_.push_back(MakeRecordService(core));
  services_.push_back(MakeReleaseService(core));
  services_.push_back(MakeCertificateService(core, certificates));
  services_.push_back(MakeAuditService(core));
  services_.push_back(MakeAdoptService(core));
  services_.push_back(MakeTreeService(core));
}

Services::~Services() = default;

std::vector<grpc::Service*> Services::All() {
  std::vector<grpc::Service*> all;
  for (const auto& service : services_) {
    all.push_back(service.get());
  }
  return all;
}

rpc::RefusalSink AuditOfRefusals(AgentCore& core) {
  return [&core](const rpc::Refusal& refusal) {
    constexpr std::string_view kPackage = "/zoowarden.v1.";
    journal::AuditEntry entry{.time_ms = core.WallTime().count(), .caller = refusal.caller};
    entry.method = refusal.method.starts_with(kPackage) ? refusal.method.substr(kPackage.size())
                                                        : refusal.method;
    core.audit().Record(WithOutcome(std::move(entry), &refusal.error));
  };
}

base::Result<CallLimits::Place> Enter(AgentCore& core,
                                      const grpc::ServerContext& context,
                                      CallKind kind) {
  ZW_ASSIGN(const pki::Identity peer, rpc::PeerIdentity(*context.auth_context(), core.ensemble()));
  return core.limits().Enter(peer.role, kind);
}

RunIdentity FromWire(const v1::RunHeader& wire) {
  return {.run_id = wire.run_id(), .epoch = wire.epoch(), .holder = wire.holder()};
}

CallIdentity FromWire(const v1::CallHeader& wire) {
  return {.run = FromWire(wire.run()),
          .operation_id = wire.operation_id(),
          .sequence = wire.sequence()};
}

namespace {

constexpr std::size_t kLongestName = 100;

base::Status CheckEnsemble(const AgentCore& core, const v1::RunHeader& wire) {
  if (wire.ensemble() != core.ensemble()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "call.other_ensemble",
                      "this agent belongs to ensemble " + core.ensemble() + ", the call is for '" +
                          base::Printable(wire.ensemble(), kLongestName) +
                          "'; check the agents' addresses in ensemble.yaml");
  }
  return base::Ok();
}

}  // namespace

base::Status CheckHeader(const AgentCore& core, const v1::RunHeader& wire) {
  ZW_TRY(CheckEnsemble(core, wire));
  if (wire.run_id().empty() || wire.epoch() == 0 || wire.holder().empty()) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "call.no_run",
                      "a call to this agent of ensemble " + core.ensemble() +
                          " must name run, epoch and holder; use the zoowarden of this release");
  }
  return base::Ok();
}

base::Status CheckFenced(AgentCore& core, const v1::RunHeader& wire) {
  ZW_TRY(CheckHeader(core, wire));
  return core.WithLease([&](LeaseKeeper& lease) { return lease.Renew(FromWire(wire)); });
}

base::Status CheckStaging(AgentCore& core,
                          const grpc::ServerContext& context,
                          const v1::RunHeader& wire) {
  ZW_ASSIGN(const pki::Identity peer, rpc::PeerIdentity(*context.auth_context(), core.ensemble()));
  if (FromWire(wire) != RunIdentity{}) {
    // Who holds the epoch is no secret: without this a planner could keep a dead run's lease alive.
    if (peer.role != pki::Role::kOperator) {
      return base::Fail(base::ErrorCode::kPermissionDenied,
                        "call.not_an_operator",
                        "only operators act for a run; stage without naming one");
    }
    return CheckFenced(core, wire);
  }
  ZW_TRY(CheckEnsemble(core, wire));
  const LeaseView held = core.WithLease([](LeaseKeeper& lease) { return lease.Get(); });
  if (held.left.count() > 0) {
    return base::Fail(base::ErrorCode::kAborted,
                      "lease.held",
                      "run '" + held.owner.run_id + "' of " + held.owner.holder +
                          " holds this server; stage when it has ended");
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
