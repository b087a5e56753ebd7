#include "controller/cli/start_again.h"

#include "base/text.h"
#include "sys/process.h"
#include "sys/subprocess.h"

#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace zoowarden::controller {
namespace {

constexpr const char* kSystemdRun = "/usr/bin/systemd-run";

bool Exists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// A user's manager that goes on when the last session of that user ends: loginctl(1),
// enable-linger.
bool Lingers() {
  const passwd* entry = ::getpwuid(::getuid());
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  return entry != nullptr && runtime != nullptr &&
         Exists(std::filesystem::path("/var/lib/systemd/linger") / entry->pw_name) &&
         Exists(std::filesystem::path(runtime) / "systemd/private");
}

// What goes before the program's own words; empty = no unit is to be had. sd_booted(3) looks for
// the same directory.
std::vector<std::string> ScopeWords(const std::string& name) {
  if (!Exists("/run/systemd/system") || !Exists(kSystemdRun)) {
    return {};
  }
  std::vector<std::string> words{"--scope", "--quiet", "--collect", "--unit=" + name, "--"};
  if (::geteuid() == 0) {
    return words;
  }
  if (!Lingers()) {
    return {};
  }
  words.insert(words.begin(), "--user");
  return words;
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    entries.emplace_back(*entry);
  }
  return entries;
}

struct Child {
  pid_t pid = 0;
  bool gone = false;
  std::optional<int> code = {};  // 128 + signal when one ended it, as shells say it

  bool Ended() {
    int status = 0;
    if (!gone && ::waitpid(pid, &status, WNOHANG) == pid) {
      gone = true;
      code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return gone;
  }
};

// "BOOT PID START": no other process will ever have this name.
std::string ProcessText(pid_t pid) {
  const auto boot = sys::BootId();
  const auto process = sys::ReadProcess(pid);
  return boot && process
             ? *boot + " " + std::to_string(pid) + " " + std::to_string(process->name.start_time)
             : "";
}

// The program's file; one that an upgrade of the package has replaced keeps its name. Empty: it
// cannot be told, as of another user's process.
std::string ProgramOf(const std::string& process) {
  constexpr std::string_view kReplaced = " (deleted)";
  std::error_code error;
  auto name = std::filesystem::read_symlink("/proc/" + process + "/exe", error).native();
  if (!error && name.ends_with(kReplaced)) {
    name.resize(name.size() - kReplaced.size());
  }
  return error ? "" : name;
}

// Whoever may write words on a command line is not yet this program. systemd-run becomes it within
// moments.
bool IsThisProgram(const sys::ProcessInfo& process) {
  static const auto kOwn = ProgramOf("self");
  const auto program = ProgramOf(std::to_string(process.name.pid));
  return process.user == ::geteuid() && !kOwn.empty() &&
         (program == kOwn || program == kSystemdRun);
}

}  // namespace

base::Result<Detached> StartAgain(const DetachRequest& request) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    return base::Fail(base::ErrorCode::kUnavailable,
                      "process.no_proc",
                      "cannot tell where this program is: " + error.message() + "; mount /proc");
  }
  sys::DetachedProgram program{
      .executable = self, .environment = OwnEnvironment(), .log = request.log};
  Detached detached;
  if (auto scope = ScopeWords(request.name); !scope.empty()) {
    program.executable = kSystemdRun;
    program.arguments = std::move(scope);
    program.arguments.push_back(self);
    detached.unit = request.name + ".scope";
  }
  program.arguments.insert(program.arguments.end(), request.words.begin(), request.words.end());
  ZW_ASSIGN(const pid_t pid, sys::StartDetached(program));
  detached.pid = pid;
  const auto child = std::make_shared<Child>(Child{.pid = pid});
  detached.ended = [child] { return child->Ended(); };
  detached.exit_code = [child] { return child->code; };
  detached.interrupt = [child] {
    // Not reaped yet: the number cannot be anybody else's.
    if (!child->Ended()) {
      ::kill(child->pid, SIGINT);
    }
  };
  detached.process = ProcessText(pid);
  return detached;
}

std::optional<Detached> FindStarted(const std::string& process) {
  const auto words = base::Split(process, ' ');
  const auto boot = sys::BootId();
  if (words.size() != 3 || !boot || *boot != words[0]) {
    return std::nullopt;
  }
  const auto pid = base::ParseUnsigned(words[1]);
  const auto start_time = base::ParseUnsigned(words[2]);
  if (!pid || !start_time) {
    return std::nullopt;
  }
  auto opened = sys::PidFd::Open({.pid = static_cast<pid_t>(*pid), .start_time = *start_time});
  if (!opened) {
    return std::nullopt;
  }
  const auto held = std::make_shared<sys::PidFd>(*std::move(opened));
  const auto ended = [held] { return held->WaitForExit({}).value_or(true); };
  if (ended()) {
    return std::nullopt;
  }
  return Detached{.pid = held->name().pid,
                  .unit = {},
                  .ended = ended,
                  .interrupt = [held] { static_cast<void>(held->Signal(SIGINT)); },
                  .process = process};
}

std::optional<Detached> FindStartedWith(const std::vector<std::string>& words) {
  const auto all = sys::ListProcesses();
  if (!all) {
    return std::nullopt;
  }
  for (const auto pid : *all) {
    const auto process =
        pid == ::getpid() ? base::Fail(base::ErrorCode::kNotFound, "", "") : sys::ReadProcess(pid);
    if (!process || !process->alive() || !IsThisProgram(*process)) {
      continue;
    }
    const auto& line = process->command_line;
    if (std::search(line.begin(), line.end(), words.begin(), words.end()) != line.end()) {
      return FindStarted(ProcessText(pid));
    }
  }
  return std::nullopt;
}

}  // namespace zoowarden::controller
