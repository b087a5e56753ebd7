#include "agent/lifecycle/unit_owner.h"

#include "agent/adopt/control_group.h"
#include "agent/lifecycle/process_finder.h"
#include "base/text.h"
#include "sys/files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr std::size_t kMaxProcFile = 1024UL * 1024;
constexpr std::array<std::string_view, 5> kShells = {"sh", "bash", "dash", "ksh", "zsh"};

base::Error NotOurs(const std::string& unit, pid_t pid, const std::string& what) {
  return {base::ErrorCode::kFailedPrecondition,
          "start.unit_of_another",
          unit + " runs process " + std::to_string(pid) + ", " + what +
              "; correct instance.unit of agent.yaml, or stop the unit when nobody needs it"};
}

base::Error Unclear(const std::string& unit, const std::string& why) {
  return {base::ErrorCode::kFailedPrecondition,
          "start.unit_unclear",
          "it cannot be told whether " + unit + " is this server's: " + why +
              "; correct instance.unit of agent.yaml when the unit is another server's"};
}

Words CommandOf(const fs::path& proc, pid_t pid) {
  Words words;
  const auto text = sys::ReadFile(proc / std::to_string(pid) / "cmdline", kMaxProcFile);
  if (text) {
    for (const std::string_view word : base::Split(*text, '\0')) {
      words.emplace_back(word);
    }
  }
  return words;
}

bool NamesZooKeeper(const std::string& word) {
  std::string lower = word;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return lower.find("zookeeper") != std::string::npos || lower.find("zk") != std::string::npos;
}

// Whatever program it is written in, its command line says what it is around.
bool IsWrapper(const Words& command) {
  const std::string program = fs::path(command.front()).filename();
  return std::find(kShells.begin(), kShells.end(), program) != kShells.end() ||
         std::any_of(command.begin(), command.end(), NamesZooKeeper);
}

bool IsOurLauncher(const Words& command, const LaunchSettings& settings) {
  const auto data = std::find(command.begin(), command.end(), "--data");
  return data != command.end() && data + 1 != command.end() &&
         *(data + 1) == settings.data_directory.string();
}

base::Status CheckMainProcess(const std::string& unit,
                              pid_t pid,
                              const LaunchSettings& settings,
                              const fs::path& proc) {
  const Words command = CommandOf(proc, pid);
  if (command.empty() || command.front().empty()) {
    return base::Ok();  // gone meanwhile
  }
  const std::string shown = base::Printable(command.front());  // its arguments may hold secrets
  if (fs::path(command.front()).filename() == settings.launcher.filename()) {
    return IsOurLauncher(command, settings)
               ? base::Ok()
               : base::Status(
                     base::Fail(NotOurs(unit, pid, "the launcher of other data: " + shown)));
  }
  return IsWrapper(command) ? base::Ok()
                            : base::Status(base::Fail(NotOurs(
                                  unit, pid, "which is no ZooKeeper of this server: " + shown)));
}

}  // namespace

base::Status CheckUnitIsOurs(const std::string& unit,
                             const systemd::UnitState& state,
                             const LaunchSettings& settings,
                             const fs::path& proc) {
  const auto answer = ProcessFinder({.proc = proc,
                                     .generations = settings.current.parent_path(),
                                     .data_directory = settings.data_directory,
                                     .data_log_directory = settings.data_log_directory})
                          .Find();
  for (const FoundProcess& other : answer.others) {
    const pid_t pid = other.process.pid;
    const auto group = sys::ReadFile(proc / std::to_string(pid) / "cgroup", kMaxProcFile);
    if (pid == state.main_pid || (group && ServiceOf(*group) == unit)) {
      return base::Fail(
          other.unclear.empty()
              ? NotOurs(unit, pid, "a ZooKeeper with other data: " + other.configuration.string())
              : Unclear(unit, other.unclear));
    }
  }
  const bool ours = answer.found && answer.found->process.pid == state.main_pid;
  return state.main_pid == 0 || ours ? base::Ok()
                                     : CheckMainProcess(unit, state.main_pid, settings, proc);
}

}  // namespace zoowarden::agent
