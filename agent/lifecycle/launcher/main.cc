// zoowarden-launch: the one fixed program that starts ZooKeeper, whoever asks for it.
//
// It locks the data directory (flock, on a descriptor that it leaves open for zkServer.sh and the
// JVM), resolves `current` once, and executes the release's zkServer.sh with the generation's real
// paths, so that the command line of the JVM proves both. Two JVMs on one data directory are
// impossible as long as every start comes through here: the lock lives exactly as long as the last
// process that inherited it. For the same reason the last look before a start is taken here too: a
// boot or a unit's `Restart=` asks no agent.
//
// `start` leaves the server to init and returns; `start-foreground` becomes the server, for units:
// what systemd calls the main process then is the JVM itself.
#include "agent/lifecycle/launcher/exit_codes.h"
#include "agent/lifecycle/launcher/start_file.h"
#include "agent/lifecycle/start_conditions.h"
#include "sys/beneath.h"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStart = "start";
constexpr const char* kForeground = "start-foreground";
constexpr std::size_t kMaxStart = 4UL * 1024 * 1024;

struct Arguments {
  std::string data;
  std::string current;
  std::string log_directory;
  std::string java_home;
  std::string verb = kStart;
};

struct Command {
  std::vector<std::string> words;
  std::vector<std::string> environment;
  std::string directory;  // to be in; empty = where we are
  std::string pid_file;
  bool writes_pid_file = false;
};

int Complain(int code, const std::string& message) {
  std::cerr << message << '\n';
  return code;
}

std::string UserName() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? std::to_string(geteuid()) : entry->pw_name;
}

// Everything zkServer.sh reads from its environment, and nothing of ours by accident.
std::vector<std::string> EnvironmentFor(const Arguments& arguments, const fs::path& conf) {
  std::vector<std::string> environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "USER=" + UserName(),
      "ZOOCFGDIR=" + conf.string(),
      "ZOO_LOG_DIR=" + arguments.log_directory,
      "ZOOPIDFILE=" + arguments.log_directory + "/zookeeper.pid",
      "ZOO_DATADIR_AUTOCREATE_DISABLE=1",
      "JMXDISABLE=true"};
  if (!arguments.java_home.empty()) {
    environment.push_back("JAVA_HOME=" + arguments.java_home);
  }
  return environment;
}

// An adopted generation is started as it was before Zoowarden came, with nothing of ours. In the
// foreground the script and then the JVM have our own pid, and nobody else writes the pid file by
// which its owner's `zkServer.sh stop` finds it.
std::optional<Command> ResolveAdopted(const fs::path& generation, const std::string& verb) {
  const auto directory = sys::Beneath::Open(generation);
  const auto text = directory ? directory->Read(kStartFile, kMaxStart)
                              : base::Result<std::string>(base::Fail(directory.error()));
  if (!text && text.error().Is(base::ErrorCode::kNotFound)) {
    return std::nullopt;
  }
  auto start = text ? ParseStart(*text) : std::nullopt;
  if (!start) {
    throw fs::filesystem_error("the way back is damaged",
                               generation / kStartFile,
                               std::make_error_code(std::errc::bad_message));
  }
  std::replace(start->words.begin(), start->words.end(), std::string(kStart), verb);
  return Command{.words = std::move(start->words),
                 .environment = std::move(start->environment),
                 .directory = std::move(start->directory),
                 .pid_file = std::move(start->pid_file),
                 .writes_pid_file = verb == kForeground};
}

Command Resolve(const Arguments& arguments) {
  const fs::path generation = fs::canonical(arguments.current);
  if (auto adopted = ResolveAdopted(generation, arguments.verb)) {
    return *std::move(adopted);
  }
  const fs::path release = fs::canonical(generation / "release");
  const fs::path conf = generation / "conf";
  return {.words = {(release / "bin" / "zkServer.sh").string(),
                    arguments.verb,
                    (conf / "zoo.cfg").string()},
          .environment = EnvironmentFor(arguments, conf),
          .directory = "",
          .pid_file = arguments.log_directory + "/zookeeper.pid"};
}

// Output of scripts that fail before ZooKeeper's own logging begins goes here.
void RedirectOutput(const std::string& log_directory) {
  const std::string file = log_directory + "/zoowarden-launch.log";
  const int log = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(log >= 0 ? log : null, STDOUT_FILENO);
  dup2(log >= 0 ? log : null, STDERR_FILENO);
}

// Returns when it cannot, with errno.
int Execute(const Command& command) {
  std::vector<char*> argv;
  for (const std::string& word : command.words) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& entry : command.environment) {
    envp.push_back(const_cast<char*>(entry.c_str()));
  }
  envp.push_back(nullptr);
  if (command.directory.empty() || chdir(command.directory.c_str()) == 0) {
    execve(argv[0], argv.data(), envp.data());
  }
  return errno;
}

int CannotExecute(const Command& command, int error) {
  return Complain(kLaunchFailed,
                  "cannot execute " + command.words[0] + ": " + std::strerror(error));
}

// A child in a session of its own runs the script and is given to init by our exit. The report pipe
// closes by itself when the script begins; an errno in it says that it did not.
int Launch(const Arguments& arguments, const Command& command) {
  int report[2] = {-1, -1};
  if (pipe2(report, O_CLOEXEC) != 0) {
    return Complain(kLaunchFailed, std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  const pid_t child = fork();
  if (child < 0) {
    return Complain(kLaunchFailed, std::string("cannot fork: ") + std::strerror(errno));
  }
  if (child == 0) {
    setsid();
    RedirectOutput(arguments.log_directory);
    const int error = Execute(command);
    [[maybe_unused]] const auto written = write(report[1], &error, sizeof(error));
    _exit(kLaunchFailed);
  }
  close(report[1]);
  int error = 0;
  if (read(report[0], &error, sizeof(error)) > 0) {
    waitpid(child, nullptr, 0);
    return CannotExecute(command, error);
  }
  return kLaunched;
}

// The descriptor is left open on purpose and has no close-on-exec flag.
int LockData(const std::string& directory) {
  const int lock = open(directory.c_str(), O_RDONLY | O_DIRECTORY);
  if (lock < 0) {
    return Complain(kLaunchFailed, "cannot open " + directory + ": " + std::strerror(errno));
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? Complain(kLaunchLocked,
                          directory + " is locked by another launch or the server it started")
               : Complain(kLaunchFailed, "cannot lock " + directory + ": " + std::strerror(errno));
  }
  return kLaunched;
}

int Run(const Arguments& arguments) {
  if (const int locked = LockData(arguments.data); locked != kLaunched) {
    return locked;
  }
  // The agent has looked already where it starts the server; at boot, or when a unit restarts it,
  // nobody has.
  if (const auto sound = CheckStartOfCurrent(arguments.current, arguments.data); !sound) {
    return Complain(kLaunchRefused, sound.error().reason() + ": " + sound.error().message());
  }
  const Command command = Resolve(arguments);
  // We hold the lock, so a pid file that is there belongs to nobody; zkServer.sh would believe it
  // as long as some process, or a zombie, has that pid.
  std::error_code ignored;
  fs::remove(command.pid_file, ignored);
  if (command.writes_pid_file) {
    std::ofstream(command.pid_file) << getpid();
  }
  if (arguments.verb == kForeground) {
    return CannotExecute(command, Execute(command));
  }
  return Launch(arguments, command);
}

}  // namespace
}  // namespace zoowarden::agent

int main(int argc, char** argv) {
  using zoowarden::agent::Arguments;
  Arguments arguments;
  CLI::App app("Starts the ZooKeeper generation that `current` names, under a lock on its data.");
  app.add_option("--data", arguments.data, "data directory, locked for the server's life")
      ->required();
  app.add_option("--current", arguments.current, "link to the generation")->required();
  app.add_option("--log-dir", arguments.log_directory, "ZOO_LOG_DIR")->required();
  app.add_option("--java-home", arguments.java_home, "JAVA_HOME");
  app.add_option("verb", arguments.verb, "start (and return) or start-foreground (become it)")
      ->check(CLI::IsMember({"start", "start-foreground"}));
  CLI11_PARSE(app, argc, argv);
  try {
    return zoowarden::agent::Run(arguments);
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << error.what() << '\n';
    return zoowarden::agent::kLaunchFailed;
  }
}
