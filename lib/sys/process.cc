#include "sys/process.h"

#include "base/text.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <optional>
#include <string_view>

namespace zoowarden::sys {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Larger than the kernel's default limit of arguments for one process.
constexpr std::size_t kMaxProcFile = 4 * 1024 * 1024;

std::string ProcPath(pid_t pid, std::string_view file) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(file);
}

base::Error Gone(pid_t pid) {
  return {base::ErrorCode::kNotFound,
          "process.not_found",
          "process " + std::to_string(pid) + " is not there any more; observe again"};
}

// ESRCH is what a read of /proc gives when the process exits between open and read.
base::Result<std::string> ReadProcFile(pid_t pid, std::string_view file) {
  auto content = ReadFile(ProcPath(pid, file), kMaxProcFile);
  if (!content && content.error().Is(base::ErrorCode::kNotFound)) {
    return base::Fail(Gone(pid));
  }
  return content;
}

// Fields after the command's name, which may itself hold spaces and brackets.
std::optional<ProcessInfo> ParseStat(pid_t pid, std::string_view stat) {
  const auto bracket = stat.rfind(')');
  if (bracket == std::string_view::npos || bracket + 2 >= stat.size()) {
    return std::nullopt;
  }
  const auto fields = base::Split(base::Trim(stat.substr(bracket + 2)), ' ');
  constexpr std::size_t kState = 0, kParent = 1, kGroup = 2, kStartTime = 19;
  if (fields.size() <= kStartTime || fields[kState].size() != 1) {
    return std::nullopt;
  }
  const auto parent = base::ParseUnsigned(fields[kParent]);
  const auto group = base::ParseUnsigned(fields[kGroup]);
  const auto start_time = base::ParseUnsigned(fields[kStartTime]);
  if (!parent || !group || !start_time) {
    return std::nullopt;
  }
  ProcessInfo info;
  info.name = {.pid = pid, .start_time = *start_time};
  info.parent = static_cast<pid_t>(*parent);
  info.group = static_cast<pid_t>(*group);
  info.state = fields[kState].front();
  return info;
}

std::vector<std::string> SplitArguments(std::string_view text) {
  if (!text.empty() && text.back() == '\0') {
    text.remove_suffix(1);
  }
  if (text.empty()) {
    return {};
  }
  const auto parts = base::Split(text, '\0');
  return {parts.begin(), parts.end()};
}

}  // namespace

base::Result<ProcessInfo> ReadProcess(pid_t pid) {
  ZW_ASSIGN(const std::string stat, ReadProcFile(pid, "stat"));
  auto info = ParseStat(pid, stat);
  if (!info) {
    return base::Fail(base::ErrorCode::kInternal,
                      "process.unreadable",
                      ProcPath(pid, "stat") + " is not in the known form; report this kernel");
  }
  struct stat owner {};
  if (::stat(ProcPath(pid, "").c_str(), &owner) != 0) {
    return base::Fail(Gone(pid));
  }
  info->user = owner.st_uid;
  ZW_ASSIGN(const std::string arguments, ReadProcFile(pid, "cmdline"));
  info->command_line = SplitArguments(arguments);
  return *info;
}

base::Result<std::vector<pid_t>> ListProcesses() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), &::closedir);
  if (directory == nullptr) {
    return base::Fail(ErrnoError("list", "/proc", errno));
  }
  std::vector<pid_t> pids;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (const auto pid = base::ParseUnsigned(entry->d_name)) {
      pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

base::Result<std::string> BootId() {
  ZW_ASSIGN(const std::string text, ReadFile("/proc/sys/kernel/random/boot_id", 100));
  return std::string(base::Trim(text));
}

base::Result<PidFd> PidFd::Open(const ProcessName& name) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, name.pid, 0)));
  if (!fd.valid()) {
    const int error = errno;
    return base::Fail(error == ESRCH ? Gone(name.pid)
                                     : ErrnoError("open process", std::to_string(name.pid), error));
  }
  // Read after opening: from here on the pid cannot be given to another process unnoticed.
  ZW_ASSIGN(const ProcessInfo now, ReadProcess(name.pid));
  if (now.name != name) {
    return base::Fail(Gone(name.pid));
  }
  return PidFd(std::move(fd), name);
}

base::Status PidFd::Signal(int signal) const {
  if (::syscall(SYS_pidfd_send_signal, fd_.get(), signal, nullptr, 0) != 0) {
    const int error = errno;
    return base::Fail(error == ESRCH
                          ? Gone(name_.pid)
                          : ErrnoError("signal process", std::to_string(name_.pid), error));
  }
  return base::Ok();
}

base::Result<bool> PidFd::WaitForExit(milliseconds timeout) const {
  const auto deadline = steady_clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    const auto wait = std::clamp<milliseconds::rep>(left.count(), 0, INT_MAX);
    pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(wait));
    if (ready > 0) {
      return true;
    }
    if (ready < 0 && errno != EINTR) {
      return base::Fail(ErrnoError("wait for process", std::to_string(name_.pid), errno));
    }
    if (ready == 0 && steady_clock::now() >= deadline) {
      return false;
    }
  }
}

}  // namespace zoowarden::sys
