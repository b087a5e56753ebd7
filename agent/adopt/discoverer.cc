#include "agent/adopt/discoverer.h"

#include "agent/adopt/control_group.h"
#include "agent/adopt/environment_file.h"
#include "agent/adopt/java_findings.h"
#include "agent/adopt/member_settings.h"
#include "agent/adopt/surroundings.h"
#include "agent/lifecycle/transient_manager.h"
#include "agent/observe/running_config.h"
#include "agent/observe/sockets.h"
#include "base/text.h"
#include "sys/files.h"
#include "zk/start_mode.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <system_error>
#include <utility>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using model::Discovery;

constexpr std::size_t kMaxFile = 1024UL * 1024;
constexpr std::size_t kMaxMyId = 64;
constexpr const char* kMendFile = "; mend it, ZooKeeper's next start would need it too";
constexpr std::array<std::string_view, 3> kEnvironmentFiles = {
    "environment", "java.env", "zookeeper-env.sh"};
// Of the release or of a package, and of no effect on the server.
constexpr std::array<std::string_view, 3> kSamples = {
    "configuration.xsl", "myid", "zoo_sample.cfg"};

template <typename List>
bool Holds(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

void AddObstacle(Discovery& found, std::string reason, std::string text) {
  found.obstacles.push_back({.reason = std::move(reason), .text = std::move(text)});
}

fs::path ProcOf(const DiscoverInputs& inputs) {
  return inputs.proc / std::to_string(inputs.processes.found->process.pid);
}

std::string LinkOf(const fs::path& link) {
  std::error_code ignored;
  return fs::read_symlink(link, ignored).string();
}

std::string UserName(uid_t user) {
  constexpr std::size_t kBuffer = 16UL * 1024;
  std::array<char, kBuffer> buffer{};
  passwd entry{};
  passwd* known = nullptr;
  getpwuid_r(user, &entry, buffer.data(), buffer.size(), &known);
  return known == nullptr ? std::to_string(user) : known->pw_name;
}

std::string UserOf(const fs::path& process) {
  struct stat status {};
  return stat(process.c_str(), &status) == 0 ? UserName(status.st_uid) : "";
}

bool SameDirectory(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return a == b || fs::equivalent(a, b, ignored);
}

void CompareWithAgentFile(const DiscoverInputs& inputs,
                          const MemberSettings& settings,
                          Discovery& found) {
  const auto& instance = inputs.config.instance;
  const auto compare = [&](const char* key, const std::string& theirs, const std::string& ours) {
    if (!SameDirectory(theirs, ours)) {
      AddObstacle(found,
                  "adopt.directory",
                  found.configuration_file + " keeps its data in " + theirs +
                      " and agent.yaml says " + ours + "; set instance." + key + " to " + theirs);
    }
  };
  compare("data_directory", settings.data_directory, instance.data_directory);
  compare("data_log_directory", settings.data_log_directory, instance.data_log_directory);
  const std::string user = instance.user.empty() ? UserName(geteuid()) : instance.user;
  if (found.user != user) {
    AddObstacle(found,
                "adopt.user",
                "the server runs as user " + found.user + " and agent.yaml would start it as " +
                    user + "; set instance.user to " + found.user);
  }
  const fs::path path = fs::path(instance.data_directory) / "myid";
  const auto text = sys::ReadRegularFile(path, kMaxMyId);
  const std::string id(text ? base::Trim(*text) : std::string_view("nothing that can be read"));
  if (id != model::ToString(inputs.config.server)) {
    AddObstacle(found,
                "adopt.myid",
                path.string() + " says " + base::Printable(id) + " and agent.yaml says server " +
                    model::ToString(inputs.config.server) +
                    "; correct `server:` in agent.yaml, and issue the certificate for that id");
  }
}

void ReadConfiguration(const DiscoverInputs& inputs, Discovery& found) {
  const auto& process = *inputs.processes.found;
  const auto texts = ReadConfigTexts(inputs.proc, process);
  const auto cfg = texts ? zk::ZooCfg::Parse(texts->zoo_cfg, found.configuration_file)
                         : base::Result<zk::ZooCfg>(base::Fail(texts.error()));
  if (!cfg) {
    AddObstacle(found, "adopt.configuration", cfg.error().message() + kMendFile);
    return;
  }
  std::optional<zk::ZooCfg> dynamic;
  const auto named = cfg->Get("dynamicConfigFile");
  if (named && zk::ReadsDynamicFile(*cfg, found.version.value_or(model::Version{3, 5, 0}))) {
    found.dynamic_file = *named;
    auto parsed = zk::ZooCfg::Parse(texts->dynamic, *named);
    if (!parsed) {
      AddObstacle(found, "adopt.configuration", parsed.error().message() + kMendFile);
      return;
    }
    dynamic = *std::move(parsed);
  }
  auto settings = ReadMemberSettings(*cfg, dynamic ? &*dynamic : nullptr, inputs.config.server);
  found.configuration.settings = std::move(settings.settings);
  found.members = std::move(settings.members);
  found.client_port = settings.client_port;
  found.notes.insert(found.notes.end(), settings.notes.begin(), settings.notes.end());
  found.obstacles.insert(
      found.obstacles.end(), settings.obstacles.begin(), settings.obstacles.end());
  CompareWithAgentFile(inputs, settings, found);
}

// As a key store is, which stays where it lies.
bool IsNamedBySetting(const Discovery& found, const std::string& path) {
  const auto& settings = found.configuration.settings;
  return std::any_of(settings.begin(), settings.end(), [&](const auto& setting) {
    return SameDirectory(setting.second, path);
  });
}

// Everything beside zoo.cfg, so that nobody loses a file of which nothing was said.
void ReadConfDirectory(Discovery& found, Variables& set_by_files) {
  const fs::path configuration(found.configuration_file);
  const fs::path directory = configuration.parent_path();
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  const std::string own = configuration.filename().string();
  for (const std::string& name : names) {
    const std::string path = (directory / name).string();
    const bool of_zookeeper = name == own || name.starts_with(own + ".") ||
                              SameDirectory(path, found.dynamic_file) || Holds(kSamples, name);
    if (of_zookeeper || IsNamedBySetting(found, path)) {
      continue;
    }
    if (!Holds(kEnvironmentFiles, name)) {
      found.notes.push_back(path +
                            " is not taken over: what Zoowarden starts gets its own logging and no "
                            "other files; name it under config.files to keep it");
      continue;
    }
    found.environment_files.push_back(path);
    const auto text = sys::ReadRegularFile(path, kMaxFile);
    const auto file = ReadEnvironmentFile(text ? std::string_view(*text) : std::string_view());
    for (const std::string& variable : file.sets) {
      set_by_files.emplace(variable, path);
    }
    if (!text) {
      found.notes.push_back(path + " cannot be read: " + text.error().message());
    }
    for (const int line : file.not_understood) {
      found.notes.push_back(path + ":" + std::to_string(line) +
                            " is more than an assignment; only what it does to the JVM's options "
                            "is taken over");
    }
  }
}

void NameForeignClasses(const JavaFindings& java, Discovery& found) {
  const fs::path jar = ServerJarOf(java.class_path);
  const std::string jars = jar.parent_path().lexically_normal().string();
  const std::string release = fs::path(found.release_directory).lexically_normal().string() + "/";
  for (const std::string& entry : java.class_path) {
    const fs::path path = fs::path(entry).lexically_normal();
    const bool known = entry.empty() || path.string().starts_with(release) ||
                       path.parent_path() == jars ||
                       SameDirectory(entry, fs::path(found.configuration_file).parent_path());
    std::error_code ignored;
    if (!known && fs::exists(path, ignored)) {
      found.notes.push_back("class path entry " + entry +
                            " is no part of the release and not taken over");
    }
  }
}

// "/opt/zk" of "/opt/zk/bin/zkServer.sh"; where there is no script, the directory of the jars.
std::string ReleaseOf(const JavaFindings& java) {
  const fs::path script = ScriptOf(java.class_path);
  return script.empty() ? fs::path(ServerJarOf(java.class_path)).parent_path().string()
                        : script.parent_path().parent_path().string();
}

std::optional<model::Version> VersionOf(const DiscoverInputs& inputs, const JavaFindings& java) {
  if (inputs.observed.version) {
    return inputs.observed.version;
  }
  std::error_code error;
  const fs::path jar = fs::canonical(ServerJarOf(java.class_path), error);
  return VersionOnClassPath({"-cp", jar.string()});
}

void NameSurroundings(const DiscoverInputs& inputs, Variables variables, Discovery& found) {
  for (const std::string& entry : ReadEnvironment(ProcOf(inputs))) {
    variables.emplace(entry.substr(0, entry.find('=')), "");  // a file's name for it stays
  }
  for (auto& notes : {VariableNotes(variables),
                      JavaNotes(found.java, inputs.config.instance.java_home, inputs.root)}) {
    found.notes.insert(found.notes.end(), notes.begin(), notes.end());
  }
}

base::Result<ScriptStart> StartOf(const DiscoverInputs& inputs,
                                  const JavaFindings& java,
                                  const Variables& set_by_files) {
  const fs::path process = ProcOf(inputs);
  std::vector<std::string> names;
  std::transform(set_by_files.begin(),
                 set_by_files.end(),
                 std::back_inserter(names),
                 [](const auto& variable) { return variable.first; });
  return ScriptStartOf({.command_line = inputs.processes.found->command_line,
                        .class_path = java.class_path,
                        .environment = ReadEnvironment(process),
                        .directory = LinkOf(process / "cwd"),
                        .data_directory = inputs.config.instance.data_directory,
                        .set_by_files = std::move(names)});
}

// Where systemd is not the first process, an init script's server is told by its pid file.
bool IsOfInitScript(const DiscoverInputs& inputs) {
  const auto& instance = inputs.config.instance;
  const auto text = instance.manager == "sysv" ? sys::ReadRegularFile(instance.pid_file, kMaxMyId)
                                               : base::Result<std::string>("");
  return text && base::Trim(*text) == std::to_string(inputs.processes.found->process.pid);
}

std::string AdviceFor(const Discovery& found) {
  const auto script =
      std::find_if(found.unit_files.begin(), found.unit_files.end(), [](const std::string& file) {
        return file.starts_with("/etc/init.d/");
      });
  return script == found.unit_files.end()
             ? "set instance.manager to systemd and instance.unit to " + found.unit
             : "set instance.manager to sysv, instance.init_script to " + *script +
                   " and instance.pid_file to the one that it writes";
}

void CheckManager(const DiscoverInputs& inputs, Discovery& found) {
  const auto& instance = inputs.config.instance;
  if (found.launcher == model::ForeignLauncher::kScript && instance.manager != "zkserver") {
    AddObstacle(found,
                "adopt.manager",
                "the server was started by zkServer.sh outside of every unit and agent.yaml says "
                "manager: " +
                    instance.manager + "; set instance.manager to zkserver");
  }
  if (found.launcher == model::ForeignLauncher::kUnit &&
      (instance.manager == "zkserver" || instance.unit != found.unit)) {
    AddObstacle(found,
                "adopt.manager",
                "the server runs in the unit " + found.unit + " and agent.yaml says manager: " +
                    instance.manager + (instance.unit.empty() ? "" : ", unit: " + instance.unit) +
                    "; " + AdviceFor(found));
  }
}

void FindLauncher(const DiscoverInputs& inputs,
                  const JavaFindings& java,
                  const Variables& set_by_files,
                  Discovered& result) {
  Discovery& found = result.facts;
  const auto text = sys::ReadFile(ProcOf(inputs) / "cgroup", kMaxFile);
  found.unit = ServiceOf(text ? std::string_view(*text) : std::string_view());
  // The unit of our own in which an adopted server runs once we have started it again.
  if (found.unit == TransientUnitName(inputs.config.ensemble, inputs.config.server)) {
    found.unit.clear();
  }
  if (found.unit.empty() && IsOfInitScript(inputs)) {
    found.unit = inputs.config.instance.unit;
  }
  if (!found.unit.empty()) {
    found.launcher = model::ForeignLauncher::kUnit;
    found.unit_files = UnitFiles(inputs.root, found.unit);
  } else if (auto start = StartOf(inputs, java, set_by_files)) {
    found.launcher = model::ForeignLauncher::kScript;
    result.start = *std::move(start);
  } else {
    AddObstacle(found, start.error().reason(), start.error().message());
  }
  CheckManager(inputs, found);
}

void NameMissing(const DiscoverInputs& inputs, Discovery& found) {
  std::string others;
  for (const FoundProcess& other : inputs.processes.others) {
    others += "; process " + std::to_string(other.process.pid) + " is a ZooKeeper with " +
              other.configuration.string() +
              ": if that is the one, put its dataDir into agent.yaml";
  }
  AddObstacle(found,
              "adopt.no_process",
              "no ZooKeeper serves " + inputs.config.instance.data_directory +
                  ", which agent.yaml says is this server's data; " +
                  (inputs.processes.visible ? "start the server, or correct "
                                            : "it may run unseen, look for it; or correct ") +
                  "instance.data_directory" + others +
                  (inputs.processes.problem.empty() ? "" : "; " + inputs.processes.problem));
}

void CheckMember(const DiscoverInputs& inputs, Discovery& found) {
  std::error_code ignored;
  const fs::path own = fs::weakly_canonical(inputs.config.instance.generations, ignored);
  if (!own.empty() && found.configuration_file.starts_with(own.string() + "/")) {
    AddObstacle(found,
                "adopt.not_first",
                "the server runs a generation that Zoowarden made; there is nothing to take over");
  }
  if (!found.version) {
    AddObstacle(found,
                "adopt.unknown_version",
                "neither srvr nor the name of the server's jar tells its version; allow srvr in "
                "4lw.commands.whitelist");
  }
  if (!model::IsServing(found.mode)) {
    AddObstacle(found,
                "adopt.not_serving",
                "the server does not serve as a member (" +
                    std::string(model::ModeName(found.mode)) +
                    (inputs.observed.problem.empty() ? "" : ": " + inputs.observed.problem) +
                    "); an ensemble is taken over when all its members serve");
  }
}

}  // namespace

Discovered Discover(const DiscoverInputs& inputs) {
  Discovered result{.facts = {.id = inputs.config.server}};
  Discovery& found = result.facts;
  if (!inputs.processes.found) {
    NameMissing(inputs, found);
    return result;
  }
  if (inputs.processes.several) {
    AddObstacle(found,
                "adopt.two_processes",
                inputs.processes.problem + "; end the one that does not belong there");
  }
  const FoundProcess& process = *inputs.processes.found;
  found.process = process.process;
  found.mode = inputs.observed.mode;
  found.user = UserOf(ProcOf(inputs));
  found.java = LinkOf(ProcOf(inputs) / "exe");
  found.configuration_file = process.configuration.string();
  for (const std::uint16_t port : ListeningPorts(inputs.proc, process.process.pid)) {
    found.ports.push_back(port);
  }
  const JavaFindings java = ReadJavaOptions(process.command_line);
  found.configuration.java = java.java;
  found.notes = java.notes;
  found.log_directory = java.log_directory;
  found.release_directory = ReleaseOf(java);
  found.version = VersionOf(inputs, java);
  ReadConfiguration(inputs, found);
  Variables set_by_files;
  ReadConfDirectory(found, set_by_files);
  NameSurroundings(inputs, set_by_files, found);
  NameForeignClasses(java, found);
  FindLauncher(inputs, java, set_by_files, result);
  CheckMember(inputs, found);
  result.paths = {.configuration = found.configuration_file,
                  .release_directory = found.release_directory,
                  .server_jar = ServerJarOf(java.class_path),
                  .launcher = found.launcher,
                  .unit = found.unit};
  return result;
}

}  // namespace zoowarden::agent
