#include "agent/lifecycle/launch.h"

#include <unistd.h>

#include <system_error>

namespace zoowarden::agent {

std::vector<std::string> LaunchCommand(const LaunchSettings& settings, LaunchMode mode) {
  std::vector<std::string> command = {settings.launcher.string(),
                                      "--data",
                                      settings.data_directory.string(),
                                      "--current",
                                      settings.current.string(),
                                      "--log-dir",
                                      settings.log_directory.string()};
  if (!settings.java_home.empty()) {
    command.insert(command.end(), {"--java-home", settings.java_home});
  }
  command.emplace_back(mode == LaunchMode::kForeground ? "start-foreground" : "start");
  return command;
}

base::Result<std::filesystem::path> FindLauncher() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto launcher = own.parent_path() / "zoowarden-launch";
  if (error || access(launcher.c_str(), X_OK) != 0) {
    return base::Fail(
        base::ErrorCode::kNotFound,
        "start.no_launcher",
        launcher.string() + " is not there or may not be executed; install it beside the agent");
  }
  return launcher;
}

}  // namespace zoowarden::agent
