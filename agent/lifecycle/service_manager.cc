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

base::Status Ask(const StopCheck& still) {
  return !still || still()
             ? base::Ok()
             : base::Status(base::Fail(base::ErrorCode::kCancelled,
                                       "stop.not_wanted",
                                       "the stop is not wanted any more; nothing was stopped"));
}

base::Status ServiceManager::Signal(const model::Process& process,
                                    StopSignal signal,
                                    const StopCheck& still) {
  ZW_ASSIGN(const sys::PidFd held,
            sys::PidFd::Open({.pid = process.pid, .start_time = process.start_time}));
  ZW_TRY(Ask(still));
  return held.Signal(signal == StopSignal::kTerminate ? SIGTERM : SIGKILL);
}

base::Result<std::string> ServiceManager::RestartedBySupervisor(const model::Process& /*process*/) {
  return std::string();
}

}  // namespace zoowarden::agent
