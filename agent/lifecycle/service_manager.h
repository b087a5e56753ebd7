// Starting and stopping the ZooKeeper process of this instance, whatever supervises it.
//
// None of the managers believes what a script or a supervisor says about success: whether a process
// runs is ProcessFinder's to see, and a stop is over when the process held by its pidfd has exited.
#pragma once

#include "agent/operation/host.h"
#include "base/error.h"
#include "model/observation.h"

namespace zoowarden::agent {

class ServiceManager {
 public:
  ServiceManager() = default;
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  virtual ~ServiceManager() = default;

  // Starts what `current` names, outside the agent's process tree, and returns when the launch is
  // under way. kUnavailable `start.locked`: another launch, or its process, holds the instance.
  [[nodiscard]] virtual base::Status Start() = 0;

  // To exactly this process, by pid and start time. kNotFound when it has exited.
  [[nodiscard]] virtual base::Status Signal(const model::Process& process, StopSignal signal) = 0;
};

}  // namespace zoowarden::agent
