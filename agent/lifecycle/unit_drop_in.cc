#include "agent/lifecycle/unit_drop_in.h"

#include "agent/lifecycle/launcher/exit_codes.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace zoowarden::agent {
namespace {

// A word of a command in a unit file: nothing in it is expanded, split or a specifier.
std::string Quote(const std::string& word) {
  std::string quoted = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\' || c == '%' || c == '$') {
      quoted += c == '"' ? '\\' : c;
    }
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

// Lists are emptied before they are set. What prepares the unit (ExecStartPre=) stays its owner's.
std::string DropInFor(const LaunchSettings& settings) {
  std::string command;
  for (const std::string& word : LaunchCommand(settings, LaunchMode::kForeground)) {
    command += (command.empty() ? "" : " ") + Quote(word);
  }
  return "# Written by zoowarden-agent, and removed by it. Without it this unit is what it was.\n"
         "[Unit]\n"
         "RequiresMountsFor=" +
         Quote(settings.data_directory.string()) +
         "\n"
         "[Service]\n"
         "Type=exec\n"
         "ExecStart=\n"
         "ExecStart=" +
         command +
         "\n"
         "ExecStartPost=\n"
         "ExecReload=\n"
         "ExecStop=\n"
         "ExecStopPost=\n"
         "PIDFile=\n"
         "RemainAfterExit=no\n"
         "KillMode=mixed\n"
         "KillSignal=SIGTERM\n"
         "TimeoutStopSec=5min\n"
         "SuccessExitStatus=143\n"
         "RestartPreventExitStatus=" +
         std::to_string(kLaunchLocked) + " " + std::to_string(kLaunchRefused) +
         "\n"
         "Environment=ZOO_DATADIR_AUTOCREATE_DISABLE=1\n" +
         (settings.user.empty() ? "" : "User=" + settings.user + "\n");
}

base::Status UnitDropIn::Install(const std::string& content, systemd::UnitControl& systemd) {
  auto written = sys::EnsureDirectory(directory_, 0755);
  if (written) {
    written = sys::WriteFileAtomically(file_, content, 0644);
  }
  if (!written) {
    return base::Fail(
        written.error().code(),
        "start.drop_in",
        written.error().message() + "; the agent needs root and write access to write a drop-in");
  }
  return systemd.Reload();
}

base::Status UnitDropIn::Remove(systemd::UnitControl& systemd) {
  if (unlink(file_.c_str()) != 0 && errno != ENOENT) {
    return base::Fail(sys::ErrnoError("remove", file_.string(), errno));
  }
  if (rmdir(directory_.c_str()) == 0) {
    ZW_TRY(sys::SyncDirectory(directory_.parent_path()));
  } else if (errno == ENOTEMPTY || errno == EEXIST) {
    ZW_TRY(sys::SyncDirectory(directory_));
  } else if (errno != ENOENT) {
    return base::Fail(sys::ErrnoError("remove", directory_.string(), errno));
  }
  return systemd.Reload();
}

bool UnitDropIn::IsInstalled() const {
  std::error_code ignored;
  return std::filesystem::exists(file_, ignored);
}

}  // namespace zoowarden::agent
