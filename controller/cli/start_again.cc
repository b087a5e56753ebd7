#include "controller/cli/start_again.h"

#include "sys/subprocess.h"

#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
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
  detached.ended = [pid, gone = std::make_shared<bool>(false)] {
    *gone = *gone || ::waitpid(pid, nullptr, WNOHANG) == pid;
    return *gone;
  };
  return detached;
}

}  // namespace zoowarden::controller
