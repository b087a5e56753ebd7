// The manager `systemd`: a unit runs zoowarden-launch in the foreground as its main process.
//
// The unit is ours or somebody else's; where its command is not exactly our launcher's, a drop-in
// makes it so at the first start. Stops go through systemd, so that its Restart= does not bring the
// process back. One owner thread. systemd is asked afresh each time; no connection is kept.
#pragma once

#include "agent/lifecycle/launch.h"
#include "agent/lifecycle/service_manager.h"
#include "agent/lifecycle/unit_drop_in.h"
#include "systemd/unit_control.h"

#include <filesystem>
#include <string>

namespace zoowarden::agent {

class SystemdManager final : public ServiceManager {
 public:
  SystemdManager(std::string unit,
                 LaunchSettings settings,
                 UnitDropIn drop_in,
                 systemd::Connector connect,
                 std::filesystem::path proc = "/proc")
      : unit_(std::move(unit)),
        settings_(std::move(settings)),
        drop_in_(std::move(drop_in)),
        connect_(std::move(connect)),
        proc_(std::move(proc)) {}

  // systemd's own errors, `start.no_unit`, `start.unit_masked`.
  [[nodiscard]] base::Status CheckStartable() override;
  // More errors: systemd's own; kFailedPrecondition `start.no_unit`, `start.unit_masked`,
  // `start.drop_in`, `start.drop_in_without_effect` (and removed again); those of unit_owner.h and
  // unit_launch.h. kUnavailable `start.unit_busy`: a stop of it is still under way.
  [[nodiscard]] base::Status Start() override;
  // The unit without our drop-in.
  [[nodiscard]] base::Status StartUnchanged() override;
  // SIGTERM is a stop of the unit when this process is its main process, else a signal.
  [[nodiscard]] base::Status Signal(const model::Process& process,
                                    StopSignal signal,
                                    const StopCheck& still) override;
  [[nodiscard]] base::Result<std::string> RestartedBySupervisor(
      const model::Process& process) override;

 private:
  [[nodiscard]] base::Result<bool> StopUnitOf(const model::Process& process,
                                              const StopCheck& still,
                                              std::chrono::milliseconds patience);
  [[nodiscard]] base::Status BringToRest(systemd::UnitControl& systemd) const;
  [[nodiscard]] base::Status NameLauncher(systemd::UnitControl& systemd);

  std::string unit_;
  LaunchSettings settings_;
  UnitDropIn drop_in_;
  systemd::Connector connect_;
  std::filesystem::path proc_;
};

}  // namespace zoowarden::agent
