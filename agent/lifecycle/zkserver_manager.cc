#include "agent/lifecycle/zkserver_manager.h"

#include "agent/lifecycle/launcher/exit_codes.h"
#include "base/text.h"
#include "sys/subprocess.h"

#include <sys/mman.h>
#include <unistd.h>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::chrono::milliseconds kLauncherPatience{10'000};

// What MemoryDenyWriteExecute= forbids, to this process and all it starts, and a JVM needs.
bool MayHaveWritableCode() {
  const long page = sysconf(_SC_PAGESIZE);
  const auto size = static_cast<std::size_t>(page);
  void* memory =
      mmap(nullptr, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED && munmap(memory, size) == 0;
}

}  // namespace

base::Status ZkserverManager::CheckStartable() {
  return MayHaveWritableCode()
             ? base::Ok()
             : base::Status(
                   Fail(ErrorCode::kFailedPrecondition,
                        "start.hardened",
                        "the agent's own hardening would reach the JVM that it starts; use "
                        "manager: systemd in agent.yaml, or run the agent as root"));
}

base::Status ZkserverManager::Start() {
  ZW_TRY(CheckStartable());
  std::vector<std::string> command = LaunchCommand(settings_, LaunchMode::kDetached);
  command.erase(command.begin());
  const sys::Program program{.executable = settings_.launcher,
                             .arguments = std::move(command),
                             .user = settings_.user,
                             .timeout = kLauncherPatience,
                             .descendants = sys::Descendants::kLeave};
  ZW_ASSIGN(const sys::ProgramResult result, sys::RunProgram(program));
  if (result.succeeded()) {
    return base::Ok();
  }
  const std::string said = base::Printable(base::Trim(result.error_output));
  if (result.exit_code == kLaunchLocked) {
    return Fail(ErrorCode::kUnavailable,
                "start.locked",
                said + "; find its process with lslocks and end it, then start again");
  }
  return Fail(
      ErrorCode::kFailedPrecondition,
      "start.launcher_failed",
      (said.empty() ? "the launcher ended with " + std::to_string(result.exit_code) : said) +
          "; look into " + settings_.log_directory.string());
}

}  // namespace zoowarden::agent
