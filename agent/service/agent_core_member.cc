// What is done with the local member: a canary through it, and where its data can be read.
#include "agent/service/agent_core.h"

namespace zoowarden::agent {

base::Result<FoundProcess> AgentCore::SoleProcess(const std::string& purpose) {
  FinderAnswer processes = FindProcess();
  if (!processes.found) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      purpose + ".no_process",
                      "no ZooKeeper process serves " + instance_->config().instance.data_directory +
                          "; start the server first");
  }
  if (processes.several) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      purpose + ".two_processes",
                      processes.problem + "; end the one that does not belong there");
  }
  return *std::move(processes.found);
}

base::Result<Prober::Canary> AgentCore::CommitCanary(const std::string& path,
                                                     std::chrono::milliseconds timeout) {
  ZW_ASSIGN(const auto process, SoleProcess("canary"));
  return gate_prober_.CommitCanary(process, path, timeout);
}

base::Result<zknet::Endpoint> AgentCore::LocalMember() {
  ZW_ASSIGN(const auto process, SoleProcess("tree"));
  return gate_prober_.ClientPort(process);
}

}  // namespace zoowarden::agent
