#include "agent/lifecycle/service_manager.h"

#include "sys/process.h"

#include <csignal>

namespace zoowarden::agent {

base::Status ServiceManager::StartUnchanged() {
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    "start.nothing_unchanged",
                    "no unit or init script was there before; look at instance.manager of "
                    "agent.yaml");
}

base::Status ServiceManager::Signal(const model::Process& process, StopSignal signal) {
  ZW_ASSIGN(const sys::PidFd held,
            sys::PidFd::Open({.pid = process.pid, .start_time = process.start_time}));
  return held.Signal(signal == StopSignal::kTerminate ? SIGTERM : SIGKILL);
}

base::Result<std::string> ServiceManager::RestartedBySupervisor(const model::Process& /*process*/) {
  return std::string();
}

}  // namespace zoowarden::agent
