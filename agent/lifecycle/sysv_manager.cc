#include "agent/lifecycle/sysv_manager.h"

#include "agent/lifecycle/process_finder.h"
#include "base/log.h"
#include "base/text.h"
#include "sys/errno_error.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/subprocess.h"

#include <unistd.h>

#include <cerrno>
#include <limits>
#include <optional>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

constexpr std::size_t kMostPidFile = 64;
constexpr std::chrono::milliseconds kScriptPatience{30'000};

std::optional<pid_t> ReadPid(const std::filesystem::path& file) {
  const auto text = sys::ReadRegularFile(file, kMostPidFile);
  const auto pid = text ? base::ParseUnsigned(base::Trim(*text)) : std::nullopt;
  return pid && *pid <= std::numeric_limits<pid_t>::max() ? std::optional(static_cast<pid_t>(*pid))
                                                          : std::nullopt;
}

}  // namespace

base::Status SysvManager::StartUnchanged() {
  ZW_TRY(ForgetStalePid());
  if (settings_.connect) {
    return launches_->StartUnchanged();
  }
  // What it says is not believed, either way: a process appears or does not.
  ZW_ASSIGN(const sys::ProgramResult result,
            sys::RunProgram({.executable = settings_.script,
                             .arguments = {"start"},
                             .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                             .timeout = kScriptPatience,
                             .descendants = sys::Descendants::kLeave}));
  if (!result.succeeded()) {
    base::LogWarn("script=" + settings_.script.string() +
                  " exit=" + std::to_string(result.exit_code) + " " +
                  base::Printable(base::Trim(result.error_output)));
  }
  return base::Ok();
}

// Scripts do not start where the pid of their file is taken, by whomever. No process serves our
// data when a start is asked for, so what the file names is not our server.
base::Status SysvManager::ForgetStalePid() const {
  const auto pid = ReadPid(settings_.pid_file);
  const auto process = pid ? sys::ReadProcess(*pid) : sys::ProcessInfo{};
  if (process && !ConfigurationArgument(process->command_line).empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.pid_file_of_another",
                settings_.pid_file.string() + " names process " + std::to_string(*pid) +
                    ", a ZooKeeper with other data; look at instance.pid_file of agent.yaml");
  }
  if (unlink(settings_.pid_file.c_str()) != 0 && errno != ENOENT) {
    return Fail(sys::ErrnoError("remove", settings_.pid_file.string(), errno));
  }
  return base::Ok();
}

base::Status SysvManager::Signal(const model::Process& process,
                                 StopSignal signal,
                                 const StopCheck& still) {
  ZW_TRY(launches_->Signal(process, signal, still));
  if (settings_.connect) {
    TellUnit(process);
  }
  return base::Ok();
}

// Its script signals whatever the pid file names, so that must be nobody but the one that has been
// signalled already.
void SysvManager::TellUnit(const model::Process& stopped) {
  if (const auto pid = ReadPid(settings_.pid_file); pid && *pid != stopped.pid) {
    base::LogWarn("unit=" + settings_.unit + " not_told: " + settings_.pid_file.string() +
                  " names process " + std::to_string(*pid) + ", not " +
                  std::to_string(stopped.pid));
    return;
  }
  const auto told = [&]() -> base::Status {
    ZW_ASSIGN(const auto systemd, settings_.connect());
    ZW_ASSIGN(const systemd::UnitState state, systemd->Read(settings_.unit));
    if (!state.ended()) {
      ZW_TRY(systemd->Stop(settings_.unit, std::chrono::milliseconds(0)));
    }
    return base::Ok();
  }();
  if (!told) {
    base::LogWarn("unit=" + settings_.unit + " not_told: " + told.error().message());
  }
}

}  // namespace zoowarden::agent
