#include "agent/service/call_audit.h"

#include "base/text.h"
#include "rpc/peer.h"
#include "rpc/status.h"

namespace zoowarden::agent {
namespace {

// Callers choose these texts; a row must stay small.
constexpr std::size_t kLongestName = 100;
constexpr std::size_t kLongestDetail = 300;

}  // namespace

CallAudit::CallAudit(AgentCore& core, const grpc::ServerContext& context, const char* method)
    : core_(&core) {
  const auto peer = rpc::PeerIdentity(*context.auth_context(), core.ensemble());
  call_.entry.caller = peer ? peer->ToUri() : "(no identity)";
  call_.entry.method = method;
  call_.entry.time_ms = core.WallTime().count();
}

CallAudit::CallAudit(AgentCore& core,
                     const grpc::ServerContext& context,
                     const char* method,
                     const v1::RunHeader& run)
    : CallAudit(core, context, method) {
  SetRun(run);
}

CallAudit::CallAudit(AgentCore& core,
                     const grpc::ServerContext& context,
                     const char* method,
                     const v1::CallHeader& call)
    : CallAudit(core, context, method, call.run()) {
  call_.entry.operation_id = base::Printable(call.operation_id(), kLongestName);
  call_.entry.sequence = call.sequence();
}

void CallAudit::SetRun(const v1::RunHeader& run) {
  call_.entry.run_id = base::Printable(run.run_id(), kLongestName);
  call_.entry.epoch = run.epoch();
}

void CallAudit::SetDetail(const std::string& detail) {
  call_.entry.detail = base::Printable(detail, kLongestDetail);
}

grpc::Status CallAudit::Done(const base::Status& outcome) {
  if (!call_.recorded) {
    core_->audit().Record(WithOutcome(call_.entry, outcome ? nullptr : &outcome.error()));
  }
  return rpc::ToGrpcStatus(outcome);
}

}  // namespace zoowarden::agent
