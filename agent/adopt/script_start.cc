#include "agent/adopt/script_start.h"

#include "agent/lifecycle/process_finder.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeapOption = "-Xmx";

// Of the shell that the script ran in, or of the service that once started that shell.
constexpr std::array<std::string_view, 11> kNotForOthers = {"_",
                                                            "OLDPWD",
                                                            "PWD",
                                                            "SHLVL",
                                                            "INVOCATION_ID",
                                                            "JOURNAL_STREAM",
                                                            "LISTEN_FDS",
                                                            "LISTEN_PID",
                                                            "MAINPID",
                                                            "NOTIFY_SOCKET",
                                                            "WATCHDOG_USEC"};

std::string_view NameOf(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::string_view ValueOf(std::string_view entry) {
  const auto equals = entry.find('=');
  return equals == std::string_view::npos ? std::string_view() : entry.substr(equals + 1);
}

std::string Get(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& entry : environment) {
    if (NameOf(entry) == name) {
      return std::string(ValueOf(entry));
    }
  }
  return "";
}

// zkEnv.sh: SERVER_JVMFLAGS="-Xmx${ZK_SERVER_HEAP}m $SERVER_JVMFLAGS", and the client's alike.
std::string_view WithoutHeap(std::string_view flags) {
  if (!flags.starts_with(kHeapOption)) {
    return flags;
  }
  const auto space = flags.find(' ');
  return space == std::string_view::npos ? std::string_view() : flags.substr(space + 1);
}

// zkServer.sh: JVMFLAGS="$SERVER_JVMFLAGS $JVMFLAGS".
std::string_view WithoutServerFlags(std::string_view flags, const std::string& server_flags) {
  const bool prefixed = !server_flags.empty() && flags.starts_with(server_flags + " ");
  return prefixed ? flags.substr(server_flags.size() + 1) : flags;
}

// zkEnv.sh puts the release's jars and its conf directory before what CLASSPATH held.
std::string UserClassPath(std::string_view class_path, const std::string& conf) {
  const auto at = class_path.rfind(conf + ":");
  return at == std::string_view::npos ? std::string()
                                      : std::string(class_path.substr(at + conf.size() + 1));
}

// nullopt: not to be handed on.
std::optional<std::string> Undo(const std::string& entry,
                                const StartedProcess& process,
                                const std::string& conf) {
  const std::string_view name = NameOf(entry);
  const auto names = [name](const auto& list) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  if (names(kNotForOthers)) {
    return std::nullopt;
  }
  std::string value(ValueOf(entry));
  if (name == "SERVER_JVMFLAGS" || name == "CLIENT_JVMFLAGS" || name == "JVMFLAGS" ||
      name == "CLASSPATH") {
    if (names(process.set_by_files)) {
      return std::nullopt;
    }
    if (name == "JVMFLAGS") {
      value = WithoutServerFlags(value, Get(process.environment, "SERVER_JVMFLAGS"));
    } else if (name == "CLASSPATH") {
      value = UserClassPath(value, conf);
    } else {
      value = WithoutHeap(value);
    }
    if (base::Trim(value).empty()) {
      return std::nullopt;
    }
  }
  return std::string(name) + "=" + value;
}

bool IsConfDirectory(const std::string& entry) {
  std::error_code error;
  return !entry.empty() && !entry.ends_with(".jar") && !entry.ends_with("/classes") &&
         !entry.ends_with("/resources") && fs::is_directory(entry, error);
}

// ZOOCFGDIR as the script had it: the only directory on the class path beside build trees.
std::string ConfOf(const std::vector<std::string>& class_path) {
  const auto found = std::find_if(class_path.begin(), class_path.end(), IsConfDirectory);
  return found == class_path.end() ? "" : *found;
}

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code error;
  return fs::equivalent(a, b, error);
}

std::string PidFileOf(const StartedProcess& process) {
  const std::string named = Get(process.environment, "ZOOPIDFILE");
  return named.empty() ? process.data_directory + "/zookeeper_server.pid" : named;
}

}  // namespace

std::string ServerJarOf(const std::vector<std::string>& class_path) {
  for (const std::string& entry : class_path) {
    const std::string name = fs::path(entry).filename().string();
    const bool versioned = name.starts_with("zookeeper-") && name.ends_with(".jar") &&
                           name.find_first_of("0123456789") == std::string("zookeeper-").size();
    std::error_code error;
    if ((versioned || name == "zookeeper.jar") && fs::exists(entry, error)) {
      return entry;
    }
  }
  return "";
}

std::string ScriptOf(const std::vector<std::string>& class_path) {
  const fs::path jar = ServerJarOf(class_path);
  if (jar.empty()) {
    return "";
  }
  // Beside bin/ in 3.4, in lib/ since 3.5. Class paths say "<release>/bin/../lib/x.jar" or less.
  fs::path release = jar.parent_path();
  if (release.filename() == "lib") {
    release = release.parent_path();
  }
  const fs::path bin = release.filename() == ".." ? release.parent_path() : release / "bin";
  std::error_code error;
  const fs::path script = bin / "zkServer.sh";
  return fs::exists(script, error) ? script.string() : "";
}

base::Result<ScriptStart> ScriptStartOf(const StartedProcess& process) {
  const std::string script = ScriptOf(process.class_path);
  const std::string configuration = ConfigurationArgument(process.command_line);
  const std::string conf = ConfOf(process.class_path);
  if (script.empty() || conf.empty() || configuration.empty()) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "adopt.unknown_launcher",
                      "the server was started neither by a systemd unit nor by the bin/zkServer.sh "
                      "of the release on its class path, so it could not be returned to; start it "
                      "by one of them first");
  }
  ScriptStart start{
      .words = {script}, .directory = process.directory, .pid_file = PidFileOf(process)};
  const std::string release = fs::path(script).parent_path().parent_path().string();
  const bool by_default = SameFile(conf, release + "/conf");
  if (!by_default && Get(process.environment, "ZOOCFGDIR").empty()) {
    start.words.insert(start.words.end(), {"--config", conf});
  }
  start.words.insert(start.words.end(), {"start", configuration});
  for (const std::string& entry : process.environment) {
    if (auto kept = Undo(entry, process, conf)) {
      start.environment.push_back(*std::move(kept));
    }
  }
  std::sort(start.environment.begin(), start.environment.end());
  return start;
}

}  // namespace zoowarden::agent
