// The manager `zkserver`: drives the release's own zkServer.sh through zoowarden-launch, without
// any supervisor. One owner thread; Start blocks for the few milliseconds until the launcher has
// the lock or says why not.
#pragma once

#include "agent/lifecycle/service_manager.h"

#include <filesystem>
#include <string>

namespace zoowarden::agent {

struct LaunchSettings {
  std::filesystem::path launcher;  // the zoowarden-launch that belongs to this agent
  std::filesystem::path current;   // generations/current
  std::filesystem::path data_directory;
  std::filesystem::path log_directory;
  std::string java_home;  // empty = what zkServer.sh finds
  std::string user;       // empty = the agent's own
};

class ZkserverManager final : public ServiceManager {
 public:
  explicit ZkserverManager(LaunchSettings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] base::Status Start() override;
  [[nodiscard]] base::Status Signal(const model::Process& process, StopSignal signal) override;

 private:
  LaunchSettings settings_;
};

// zoowarden-launch beside the running program. kNotFound `start.no_launcher`.
[[nodiscard]] base::Result<std::filesystem::path> FindLauncher();

}  // namespace zoowarden::agent
