#include "agent/lifecycle/zkserver_manager.h"

#include "agent/lifecycle/launcher/exit_codes.h"
#include "base/text.h"
#include "sys/process.h"
#include "sys/subprocess.h"

#include <unistd.h>

#include <csignal>
#include <system_error>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::chrono::milliseconds kLauncherPatience{10'000};

}  // namespace

base::Status ZkserverManager::Start() {
  sys::Program program{.executable = settings_.launcher,
                       .arguments = {"--data",
                                     settings_.data_directory.string(),
                                     "--current",
                                     settings_.current.string(),
                                     "--log-dir",
                                     settings_.log_directory.string()},
                       .user = settings_.user,
                       .timeout = kLauncherPatience,
                       .descendants = sys::Descendants::kLeave};
  if (!settings_.java_home.empty()) {
    program.arguments.insert(program.arguments.end(), {"--java-home", settings_.java_home});
  }
  ZW_ASSIGN(const sys::ProgramResult result, sys::RunProgram(program));
  if (result.succeeded()) {
    return base::Ok();
  }
  const std::string said = base::Printable(base::Trim(result.error_output));
  if (result.exit_code == kLaunchLocked) {
    return Fail(ErrorCode::kUnavailable, "start.locked", said);
  }
  return Fail(ErrorCode::kFailedPrecondition,
              "start.launcher_failed",
              said.empty() ? "the launcher ended with " + std::to_string(result.exit_code) : said);
}

base::Status ZkserverManager::Signal(const model::Process& process, StopSignal signal) {
  ZW_ASSIGN(const sys::PidFd held,
            sys::PidFd::Open({.pid = process.pid, .start_time = process.start_time}));
  return held.Signal(signal == StopSignal::kTerminate ? SIGTERM : SIGKILL);
}

base::Result<std::filesystem::path> FindLauncher() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto launcher = own.parent_path() / "zoowarden-launch";
  if (error || access(launcher.c_str(), X_OK) != 0) {
    return Fail(ErrorCode::kNotFound,
                "start.no_launcher",
                launcher.string() +
                    " is not there or may not be executed; install it beside the "
                    "agent");
  }
  return launcher;
}

}  // namespace zoowarden::agent
