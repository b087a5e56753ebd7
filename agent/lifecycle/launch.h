// The one fixed program by which every manager starts ZooKeeper, and how it is called.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct LaunchSettings {
  std::filesystem::path launcher;  // the zoowarden-launch that belongs to this agent
  std::filesystem::path current;   // generations/current
  std::filesystem::path data_directory;
  std::filesystem::path data_log_directory;  // empty = the same
  std::filesystem::path log_directory;
  std::string java_home;  // empty = what zkServer.sh finds
  std::string user;       // empty = the agent's own
};

enum class LaunchMode {
  kDetached,    // returns when the server is init's child
  kForeground,  // becomes the server
};

// The launcher and its arguments.
[[nodiscard]] std::vector<std::string> LaunchCommand(const LaunchSettings& settings,
                                                     LaunchMode mode);

// zoowarden-launch beside the running program. kNotFound `start.no_launcher`.
[[nodiscard]] base::Result<std::filesystem::path> FindLauncher();

}  // namespace zoowarden::agent
