// The manager `zkserver` without systemd, or without the right to make units: drives the release's
// own zkServer.sh through zoowarden-launch, without any supervisor. One owner thread; Start blocks
// for the few milliseconds until the launcher has the lock or says why not.
#pragma once

#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/service_manager.h"

namespace zoowarden::agent {

class ZkserverManager final : public ServiceManager {
 public:
  explicit ZkserverManager(LaunchSettings settings) : settings_(std::move(settings)) {}

  // kFailedPrecondition `start.hardened`: a JVM started by this process could not run.
  [[nodiscard]] base::Status CheckStartable() override;
  [[nodiscard]] base::Status Start() override;

 private:
  LaunchSettings settings_;
};

}  // namespace zoowarden::agent
