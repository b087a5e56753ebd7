// One factory a service; private to this folder.
#pragma once

#include "agent/operation/calls.h"
#include "agent/service/agent_core.h"
#include "agent/service/certificates.h"
#include "base/error.h"
#include "zoowarden/v1/common.pb.h"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>

#include <chrono>
#include <memory>

namespace zoowarden::agent {

[[nodiscard]] std::unique_ptr<grpc::Service> MakeObserveService(AgentCore& core,
                                                                Certificates& certificates);
[[nodiscard]] std::unique_ptr<grpc::Service> MakeOperateService(
    AgentCore& core, std::chrono::milliseconds upload_idle);
[[nodiscard]] std::unique_ptr<grpc::Service> MakeLeaseService(AgentCore& core);
[[nodiscard]] std::unique_ptr<grpc::Service> MakeRecordService(AgentCore& core);
[[nodiscard]] std::unique_ptr<grpc::Service> MakeReleaseService(AgentCore& core);
[[nodiscard]] std::unique_ptr<grpc::Service> MakeCertificateService(AgentCore& core,
                                                                    Certificates& certificates);
[[nodiscard]] std::unique_ptr<grpc::Service> MakeAuditService(AgentCore& core);
[[nodiscard]] std::unique_ptr<grpc::Service> MakeAdoptService(AgentCore& core);
[[nodiscard]] std::unique_ptr<grpc::Service> MakeTreeService(AgentCore& core);

// A place among the calls that run, for every method that others than operators may call.
[[nodiscard]] base::Result<CallLimits::Place> Enter(AgentCore& core,
                                                    const grpc::ServerContext& context,
                                                    CallKind kind = CallKind::kRead);

[[nodiscard]] RunIdentity FromWire(const v1::RunHeader& wire);
[[nodiscard]] CallIdentity FromWire(const v1::CallHeader& wire);

// The header must name this ensemble and a run; what it may do is the fence's to say.
[[nodiscard]] base::Status CheckHeader(const AgentCore& core, const v1::RunHeader& wire);
// CheckHeader, the fence, and the lease renewed.
[[nodiscard]] base::Status CheckFenced(AgentCore& core, const v1::RunHeader& wire);
// For files of a run: an operator's is fenced. Without a run, by whoever may stage: only while no
// run holds this server (kAborted `lease.held`), and no lease is renewed.
[[nodiscard]] base::Status CheckStaging(AgentCore& core,
                                        const grpc::ServerContext& context,
                                        const v1::RunHeader& wire);

}  // namespace zoowarden::agent
