// The agent's gRPC services. Handlers translate, call AgentCore and reply; every rule is elsewhere:
// who may call in rpc/method_table.h, the fence in agent/operation/fence.h, states in lib/core.
#pragma once

#include "agent/service/call_limits.h"
#include "rpc/refusal.h"

#include <chrono>
#include <memory>
#include <vector>

namespace grpc {
class Service;
}  // namespace grpc

namespace zoowarden::agent {

class AgentCore;
class Certificates;

// Records what was refused before the handlers; the core must outlive it.
[[nodiscard]] rpc::RefusalSink AuditOfRefusals(AgentCore& core);

class Services {
 public:
  // Both must outlive it. An upload ends when nothing comes for `upload_idle`.
  Services(AgentCore& core,
           Certificates& certificates,
           std::chrono::milliseconds upload_idle = kUploadIdle);
  ~Services();
  [[nodiscard]] std::vector<grpc::Service*> All();

 private:
  std::vector<std::unique_ptr<grpc::Service>> services_;
};

}  // namespace zoowarden::agent
