// The manager `zkserver` where systemd is the first process: the server runs in a unit of its own
// that exists only while it runs, out of reach of the agent's restarts and hardening. Nothing
// starts it again. One owner thread.
#pragma once

#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/service_manager.h"
#include "model/ids.h"
#include "systemd/unit_control.h"

#include <string>

namespace zoowarden::agent {

class TransientManager final : public ServiceManager {
 public:
  TransientManager(std::string unit, LaunchSettings settings, systemd::Connector connect)
      : unit_(std::move(unit)), settings_(std::move(settings)), connect_(std::move(connect)) {}

  // More errors: systemd's own, those of unit_launch.h; kUnavailable `start.unit_busy` while the
  // unit of the process before is still there.
  [[nodiscard]] base::Status Start() override;

 private:
  std::string unit_;
  LaunchSettings settings_;
  systemd::Connector connect_;
};

// The same for the same server, so that one unit a server can exist.
[[nodiscard]] std::string TransientUnitName(const std::string& ensemble, model::ServerId server);

}  // namespace zoowarden::agent
