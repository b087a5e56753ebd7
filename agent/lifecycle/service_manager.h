// Starting and stopping the ZooKeeper process of this instance, whatever supervises it.
//
// None of the managers believes what a script or a supervisor says about success: whether a process
// runs is ProcessFinder's to see, and a stop is over when the process held by its pidfd has exited.
#pragma once

#include "agent/operation/host.h"
#include "base/error.h"
#include "model/observation.h"

#include <string>

namespace zoowarden::agent {

class ServiceManager {
 public:
  ServiceManager() = default;
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  virtual ~ServiceManager() = default;

  // Whether a start could come to anything here; asked while the server still runs, because once it
  // is stopped nothing could bring it back. Changes nothing. Errors: those of Start that last.
  [[nodiscard]] virtual base::Status CheckStartable() { return base::Ok(); }

  // Starts what `current` names, outside the agent's process tree, and returns when the launch is
  // under way. kUnavailable `start.locked`: another launch, or its process, holds the instance.
  [[nodiscard]] virtual base::Status Start() = 0;

  // Starts what its owner set up before there was an agent, as he set it up: nothing of ours stays
  // in the way. kFailedPrecondition `start.nothing_unchanged` where a manager has no such thing.
  [[nodiscard]] virtual base::Status StartUnchanged();

  // To exactly this process, by pid and start time. kNotFound when it has exited; kCancelled
  // `stop.not_wanted` when `still` said no; kDeadlineExceeded `stop.unanswered` when a supervisor
  // was asked to stop it and has not answered.
  [[nodiscard]] virtual base::Status Signal(const model::Process& process,
                                            StopSignal signal,
                                            const StopCheck& still);

  // Whether a supervisor started this process again by itself, after the last start that was asked
  // for: how it says so, empty when not.
  [[nodiscard]] virtual base::Result<std::string> RestartedBySupervisor(
      const model::Process& process);
};

// kCancelled `stop.not_wanted` when it says no.
[[nodiscard]] base::Status Ask(const StopCheck& still);

}  // namespace zoowarden::agent
