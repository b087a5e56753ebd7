#include "agent/service/call_audit.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "rpc/peer.h"
#include "rpc/status.h"

namespace zoowarden::agent {
namespace {

// Callers choose these texts; a row must stay small.
constexpr std::size_t kLongestName = 100;
constexpr std::size_t kLongestDetail = 300;
constexpr const char* kBegun = "begun";

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

base::Status CallAudit::Begin() {
  if (!begun_) {
    journal::AuditEntry entry = call_.entry;
    entry.code = kBegun;
    ZW_TRY(core_->audit().RecordChange(entry));
    begun_ = true;
    ZW_FAULT_POINT("agent.after_audit_begin");
  }
  return base::Ok();
}

grpc::Status CallAudit::Done(const base::Status& outcome) {
  const auto entry = WithOutcome(call_.entry, outcome ? nullptr : &outcome.error());
  if (begun_) {
    if (const auto written = core_->audit().RecordChange(entry); !written) {
      base::LogWarn("not_recorded=audit " + written.error().message());
    }
  } else if (!call_.recorded) {
    core_->audit().Record(entry);
  }
  return rpc::ToGrpcStatus(outcome);
}

}  // namespace zoowarden::agent
