// The audit of one call, from its arrival to its answer; private to this folder.
#pragma once

#include "agent/operation/audited_call.h"
#include "agent/service/agent_core.h"
#include "base/error.h"
#include "zoowarden/v1/common.pb.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string>

namespace zoowarden::agent {

class CallAudit {
 public:
  // `method` as in AuditEntry. The core must outlive it.
  CallAudit(AgentCore& core, const grpc::ServerContext& context, const char* method);
  CallAudit(AgentCore& core,
            const grpc::ServerContext& context,
            const char* method,
            const v1::RunHeader& run);
  CallAudit(AgentCore& core,
            const grpc::ServerContext& context,
            const char* method,
            const v1::CallHeader& call);

  void SetRun(const v1::RunHeader& run);
  void SetSequence(std::uint64_t sequence) { call_.entry.sequence = sequence; }
  void SetDetail(const std::string& detail);
  // For AgentCore, which records it with the outcome where one is committed.
  [[nodiscard]] AuditedCall& call() { return call_; }

  // Before the first thing is changed that is not committed together with the call's row: writes
  // that the call begins, so that no crash hides it, and has its end written, too. Its error is why
  // the call must not go on. Again, it does nothing.
  [[nodiscard]] base::Status Begin();

  [[nodiscard]] bool begun() const { return begun_; }

  // The answer to give; writes the row unless it is written. Called once.
  grpc::Status Done(const base::Status& outcome);
  template <typename T>
  grpc::Status Done(const base::Result<T>& outcome) {
    return Done(outcome ? base::Ok() : base::Status(base::Fail(outcome.error())));
  }

 private:
  AgentCore* core_;
  AuditedCall call_;
  bool begun_ = false;
};

}  // namespace zoowarden::agent
