#include "agent/adopt/surroundings.h"

#include "base/text.h"
#include "sys/files.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxEnvironment = 1024UL * 1024;

// What they do is read from the command line, the class path and the program itself.
constexpr std::array<std::string_view, 24> kOnTheCommandLine = {
    "CLASSPATH",      "CLIENT_JVMFLAGS", "JAVA",
    "JAVA_HOME",      "JAVA_OPTS",       "JMXAUTH",
    "JMXDISABLE",     "JMXHOSTNAME",     "JMXLOCALONLY",
    "JMXLOG4J",       "JMXPORT",         "JMXSSL",
    "JVMFLAGS",       "SERVER_JVMFLAGS", "ZK_CLIENT_HEAP",
    "ZK_SERVER_HEAP", "ZOOCFG",          "ZOOCFGDIR",
    "ZOOMAIN",        "ZOOPIDFILE",      "ZOO_DATADIR_AUTOCREATE_DISABLE",
    "ZOO_LOG4J_PROP", "ZOO_LOG_DIR",     "ZOO_LOG_FILE"};
// Variables of Debian's init script and of zkServer.sh, for themselves.
constexpr std::array<std::string_view, 9> kOfScripts = {"GROUP",
                                                        "NAME",
                                                        "PIDDIR",
                                                        "PIDFILE",
                                                        "SCRIPTNAME",
                                                        "ZOOBIN",
                                                        "ZOOBINDIR",
                                                        "ZOOKEEPER_PREFIX",
                                                        "ZOO_NOEXEC"};
// PATH only says which Java, and that is compared. LANG, LC_… and TZ are not here: a JVM heeds
// them.
constexpr std::array<std::string_view, 34> kOfLogins = {"COLORTERM",
                                                        "DISPLAY",
                                                        "EDITOR",
                                                        "HISTCONTROL",
                                                        "HISTFILE",
                                                        "HISTSIZE",
                                                        "HOME",
                                                        "HOSTNAME",
                                                        "INVOCATION_ID",
                                                        "JOURNAL_STREAM",
                                                        "LESSCLOSE",
                                                        "LESSOPEN",
                                                        "LISTEN_FDNAMES",
                                                        "LISTEN_FDS",
                                                        "LISTEN_PID",
                                                        "LOGNAME",
                                                        "LS_COLORS",
                                                        "MAIL",
                                                        "MAINPID",
                                                        "MANAGERPID",
                                                        "MEMORY_PRESSURE_WATCH",
                                                        "MEMORY_PRESSURE_WRITE",
                                                        "NOTIFY_SOCKET",
                                                        "OLDPWD",
                                                        "PAGER",
                                                        "PATH",
                                                        "PS1",
                                                        "PWD",
                                                        "SHELL",
                                                        "SHLVL",
                                                        "SYSTEMD_EXEC_PID",
                                                        "TERM",
                                                        "USER",
                                                        "_"};
constexpr std::array<std::string_view, 5> kPrefixesOfLogins = {
    "DBUS_SESSION_", "SSH_", "SUDO_", "WATCHDOG_", "XDG_"};
constexpr std::array<std::string_view, 3> kOptionsForEveryJvm = {
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"};
// The launcher's PATH, in its order.
constexpr std::array<std::string_view, 6> kPath = {
    "usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"};
constexpr std::string_view kDeleted = " (deleted)";  // as /proc shows a program that was replaced

template <typename List>
bool Holds(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool NeedsNoWord(const std::string& name) {
  return Holds(kOnTheCommandLine, name) || Holds(kOfScripts, name) || Holds(kOfLogins, name) ||
         std::any_of(kPrefixesOfLogins.begin(),
                     kPrefixesOfLogins.end(),
                     [&name](std::string_view prefix) { return name.starts_with(prefix); });
}

// The one that zkEnv.sh would take; empty when there is none.
fs::path JavaOfLauncher(const std::string& java_home, const fs::path& root) {
  std::error_code ignored;
  if (fs::path java = fs::path(java_home) / "bin/java";
      !java_home.empty() && fs::exists(java, ignored)) {
    return java;
  }
  for (const std::string_view directory : kPath) {
    if (fs::path java = root / directory / "java"; fs::exists(java, ignored)) {
      return java;
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> ReadEnvironment(const fs::path& process) {
  std::vector<std::string> entries;
  const auto text = sys::ReadFile(process / "environ", kMaxEnvironment);
  if (text) {
    for (const std::string_view entry : base::Split(*text, '\0')) {
      if (!entry.empty()) {
        entries.emplace_back(entry);
      }
    }
  }
  return entries;
}

std::vector<std::string> VariableNotes(const Variables& variables) {
  std::vector<std::string> notes;
  for (const auto& [name, file] : variables) {
    if (NeedsNoWord(name)) {
      continue;
    }
    const std::string variable = base::Printable(name);
    std::string note = file.empty() ? "the server's environment has " : file + " sets ";
    note += variable +
            ", which is not taken over: what Zoowarden starts gets an environment of its own";
    if (Holds(kOptionsForEveryJvm, name)) {
      note += "; put its options into config.java.options to keep them";
    }
    notes.push_back(std::move(note));
  }
  return notes;
}

std::vector<std::string> JavaNotes(const std::string& java,
                                   const std::string& java_home,
                                   const fs::path& root) {
  fs::path runs = java;
  if (java.ends_with(kDeleted)) {
    runs = java.substr(0, java.size() - kDeleted.size());
  }
  const fs::path ours = JavaOfLauncher(java_home, root);
  std::error_code ignored;
  if (runs.empty() || runs == ours || fs::equivalent(runs, ours, ignored)) {
    return {};
  }
  return {"the server runs with " + runs.string() + ", and what Zoowarden starts gets " +
          (ours.empty() ? "no Java at all" : ours.string()) +
          ": set instance.java_home in agent.yaml to " + runs.parent_path().parent_path().string() +
          " to keep it"};
}

}  // namespace zoowarden::agent
