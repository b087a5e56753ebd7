// The manager `sysv`: an init script starts what its owner installed, and nothing supervises it.
//
// systemd makes a unit of the script that has no main process and stays "active" after the server
// died, so whether it runs is never the unit's to say; the unit is only told, so that what it shows
// is true. Generations of ours are started as `launches` does it. One owner thread.
#pragma once

#include "agent/lifecycle/service_manager.h"
#include "systemd/unit_control.h"

#include <filesystem>
#include <memory>
#include <string>

namespace zoowarden::agent {

struct SysvSettings {
  std::filesystem::path script;
  std::filesystem::path pid_file;
  std::string unit;            // of the script
  systemd::Connector connect;  // empty where systemd is not the first process
};

class SysvManager final : public ServiceManager {
 public:
  SysvManager(SysvSettings settings, std::unique_ptr<ServiceManager> launches)
      : settings_(std::move(settings)), launches_(std::move(launches)) {}

  [[nodiscard]] base::Status CheckStartable() override { return launches_->CheckStartable(); }
  [[nodiscard]] base::Status Start() override { return launches_->Start(); }
  // kFailedPrecondition `start.pid_file_of_another`: the pid file names another ZooKeeper.
  [[nodiscard]] base::Status StartUnchanged() override;
  [[nodiscard]] base::Status Signal(const model::Process& process,
                                    StopSignal signal,
                                    const StopCheck& still) override;
  [[nodiscard]] base::Result<std::string> RestartedBySupervisor(
      const model::Process& process) override {
    return launches_->RestartedBySupervisor(process);
  }

 private:
  [[nodiscard]] base::Status ForgetStalePid() const;
  void TellUnit(const model::Process& stopped);

  SysvSettings settings_;
  std::unique_ptr<ServiceManager> launches_;
};

}  // namespace zoowarden::agent
