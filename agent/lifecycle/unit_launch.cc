#include "agent/lifecycle/unit_launch.h"

#include "agent/lifecycle/launcher/exit_codes.h"
#include "base/text.h"
#include "sys/process.h"

#include <thread>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;
using std::chrono::milliseconds;

// The launcher reads the release and the end of the data first.
constexpr milliseconds kHandOverPatience{20'000};
constexpr milliseconds kLook{5};
constexpr const char* kDone = "done";
constexpr const char* kWaitsToRestart = "auto-restart";

bool HandedOver(pid_t pid, const std::filesystem::path& launcher) {
  const auto process = pid > 0 ? sys::ReadProcess(pid) : sys::ProcessInfo{};
  return process && !process->command_line.empty() &&
         process->command_line.front() != launcher.string();
}

base::Status Refused(systemd::UnitControl& systemd,
                     const std::string& unit,
                     const std::string& job,
                     const systemd::UnitState& state) {
  if (!state.ended()) {
    ZW_TRY(systemd.Stop(unit, kStartJobPatience));
  }
  if (state.exit_status == kLaunchLocked) {
    return Fail(ErrorCode::kUnavailable,
                "start.locked",
                "the launcher of " + unit +
                    " found the data directory locked by another process; find it with lslocks and "
                    "end it, then start again");
  }
  return Fail(ErrorCode::kFailedPrecondition,
              "start.job_failed",
              "systemd's start of " + unit + " ended as '" + base::Printable(job) + "' (result " +
                  base::Printable(state.result) + ", exit status " +
                  std::to_string(state.exit_status) + "); look at journalctl -u " + unit);
}

base::Status Judge(systemd::UnitControl& systemd,
                   const std::string& unit,
                   const std::string& job,
                   const systemd::UnitState& state) {
  const bool refused = job != kDone || state.ended() || state.sub_state == kWaitsToRestart;
  return refused ? Refused(systemd, unit, job, state) : base::Ok();
}

}  // namespace

base::Status CheckLaunched(systemd::UnitControl& systemd,
                           const std::string& unit,
                           const std::string& job,
                           const std::filesystem::path& launcher) {
  const auto deadline = std::chrono::steady_clock::now() + kHandOverPatience;
  while (!job.empty()) {
    ZW_ASSIGN(const systemd::UnitState state, systemd.Read(unit));
    ZW_TRY(Judge(systemd, unit, job, state));
    if (HandedOver(state.main_pid, launcher) || std::chrono::steady_clock::now() >= deadline) {
      break;
    }
    std::this_thread::sleep_for(kLook);
  }
  return base::Ok();
}

base::Status CheckStartJob(systemd::UnitControl& systemd,
                           const std::string& unit,
                           const std::string& job) {
  ZW_ASSIGN(const systemd::UnitState state, systemd.Read(unit));
  return Judge(systemd, unit, job, state);
}

}  // namespace zoowarden::agent
