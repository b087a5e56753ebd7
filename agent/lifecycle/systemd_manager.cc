#include "agent/lifecycle/systemd_manager.h"

#include "agent/lifecycle/unit_launch.h"
#include "agent/lifecycle/unit_owner.h"
#include "base/log.h"
#include "base/text.h"
#include "sys/process.h"

#include <csignal>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;
using std::chrono::milliseconds;

// The runner waits for the exit itself; a job that ended otherwise is worth a line in the log.
constexpr milliseconds kStopJobPatience{1'000};

base::Status CheckLoaded(const std::string& unit, const systemd::UnitState& state) {
  if (state.load_state == "masked") {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.unit_masked",
                unit + " is masked; run systemctl unmask " + unit);
  }
  if (state.load_state != "loaded") {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.no_unit",
                "systemd cannot load " + unit + " (" + base::Printable(state.load_state) +
                    "); look at instance.unit of agent.yaml");
  }
  return base::Ok();
}

}  // namespace

base::Status SystemdManager::CheckStartable() {
  ZW_ASSIGN(const auto systemd, connect_());
  ZW_ASSIGN(const systemd::UnitState state, systemd->Read(unit_));
  return CheckLoaded(unit_, state);
}

base::Status SystemdManager::Start() {
  ZW_ASSIGN(const auto systemd, connect_());
  ZW_TRY(BringToRest(*systemd));
  ZW_TRY(NameLauncher(*systemd));
  // Restarts are counted from here on.
  ZW_TRY(systemd->ResetFailed(unit_));
  ZW_ASSIGN(const std::string job, systemd->Start(unit_, kStartJobPatience));
  return CheckLaunched(*systemd, unit_, job, settings_.launcher);
}

base::Status SystemdManager::StartUnchanged() {
  ZW_ASSIGN(const auto systemd, connect_());
  ZW_TRY(BringToRest(*systemd));
  ZW_TRY(drop_in_.Remove(*systemd));
  ZW_TRY(systemd->ResetFailed(unit_));
  ZW_ASSIGN(const std::string job, systemd->Start(unit_, kStartJobPatience));
  // There is no launcher to wait for: the process is looked for by who asked.
  return job.empty() ? base::Ok() : CheckStartJob(*systemd, unit_, job);
}

// A unit that waits to restart by itself, or stays "active" without a process, would make of our
// start either a second one or none.
base::Status SystemdManager::BringToRest(systemd::UnitControl& systemd) const {
  ZW_ASSIGN(const systemd::UnitState state, systemd.Read(unit_));
  ZW_TRY(CheckLoaded(unit_, state));
  if (state.ended()) {
    return base::Ok();
  }
  ZW_TRY(CheckUnitIsOurs(unit_, state, settings_, proc_));
  ZW_TRY(systemd.Stop(unit_, kStartJobPatience));
  ZW_ASSIGN(const systemd::UnitState after, systemd.Read(unit_));
  return after.ended() ? base::Ok()
                       : base::Status(Fail(ErrorCode::kUnavailable,
                                           "start.unit_busy",
                                           unit_ + " is still " + after.active_state +
                                               "; look at systemctl status " + unit_));
}

base::Status SystemdManager::NameLauncher(systemd::UnitControl& systemd) {
  const auto wanted = LaunchCommand(settings_, LaunchMode::kForeground);
  const auto names_it = [&wanted](const systemd::UnitState& state) {
    return state.run.size() == 1 && state.run.front() == wanted;
  };
  ZW_ASSIGN(const systemd::UnitState before, systemd.Read(unit_));
  if (names_it(before)) {
    return base::Ok();
  }
  ZW_TRY(drop_in_.Install(DropInFor(settings_), systemd));
  base::LogInfo("unit=" + unit_ + " drop_in=" + drop_in_.file().string());
  ZW_ASSIGN(const systemd::UnitState after, systemd.Read(unit_));
  if (names_it(after)) {
    return base::Ok();
  }
  const auto removed = drop_in_.Remove(systemd);
  return Fail(ErrorCode::kFailedPrecondition,
              "start.drop_in_without_effect",
              unit_ + " did not run " + wanted.front() + " with " + drop_in_.file().string() +
                  (removed ? ", which is removed again"
                           : ", which could not be removed: " + removed.error().message()) +
                  "; look for a later drop-in with systemctl cat " + unit_);
}

base::Status SystemdManager::Signal(const model::Process& process,
                                    StopSignal signal,
                                    const StopCheck& still) {
  // While it is held, its pid is nobody else's, and so is a main process of that pid.
  ZW_ASSIGN(const sys::PidFd held,
            sys::PidFd::Open({.pid = process.pid, .start_time = process.start_time}));
  if (signal == StopSignal::kKill) {
    // So that what is killed stays down; the kill itself depends on nobody.
    if (const auto stopped = StopUnitOf(process, still, milliseconds(0)); !stopped) {
      base::LogWarn("unit=" + unit_ + " not_stopped: " + stopped.error().message());
    }
    return held.Signal(SIGKILL);
  }
  ZW_ASSIGN(const bool stopped, StopUnitOf(process, still, kStopJobPatience));
  if (stopped) {
    return base::Ok();
  }
  ZW_TRY(Ask(still));
  return held.Signal(SIGTERM);
}

// False when it is not the unit's main process.
base::Result<bool> SystemdManager::StopUnitOf(const model::Process& process,
                                              const StopCheck& still,
                                              milliseconds patience) {
  ZW_ASSIGN(const auto systemd, connect_());
  ZW_ASSIGN(const systemd::UnitState state, systemd->Read(unit_));
  if (state.main_pid != process.pid) {
    return false;
  }
  ZW_TRY(Ask(still));
  const auto job = systemd->Stop(unit_, patience);
  if (!job) {
    return Fail(job.error().Is(ErrorCode::kUnavailable)
                    ? base::Error(ErrorCode::kDeadlineExceeded,
                                  "stop.unanswered",
                                  job.error().message() + "; it may be stopping all the same")
                    : job.error());
  }
  if (!job->empty() && *job != "done") {
    base::LogWarn("unit=" + unit_ + " stop_job=" + base::Printable(*job));
  }
  return true;
}

base::Result<std::string> SystemdManager::RestartedBySupervisor(const model::Process& process) {
  ZW_ASSIGN(const auto systemd, connect_());
  ZW_ASSIGN(const systemd::UnitState state, systemd->Read(unit_));
  if (state.restarts == 0 || state.main_pid != process.pid) {
    return std::string();
  }
  return "systemd restarted " + unit_ + " by itself (restart " + std::to_string(state.restarts) +
         "): process " + std::to_string(process.pid) + " is not the one that was started";
}

}  // namespace zoowarden::agent
