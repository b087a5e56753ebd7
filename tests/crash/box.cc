#include "tests/crash/box.h"

#include "config/ensemble_file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using std::chrono::milliseconds;

constexpr milliseconds kLook{2};
constexpr milliseconds kPatience{20'000};

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteAll(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// As `connect` answers, so that gRPC never has to wait before it tries again.
bool Listens(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(probe);
  return connected;
}

std::string CommandLine(pid_t pid) { return ReadAll("/proc/" + std::to_string(pid) + "/cmdline"); }

}  // namespace

Box::Box(const Stage& stage, fs::path directory, int number)
    : stage_(&stage),
      directory_(std::move(directory)),
      host_("127." + std::to_string(20 + number / 62'500) + "." +
            std::to_string(number / 250 % 250) + "." + std::to_string(number % 250 + 1)) {}

Box::~Box() {
  KillAgent();
  KillServers();
}

base::Status Box::WriteFiles() {
  fs::create_directories(directory_ / "archives");
  for (const model::ReleaseSpec* release : {&stage_->old_release, &stage_->new_release}) {
    const fs::path source(release->source);
    std::error_code error;
    fs::copy_file(source, directory_ / "archives" / source.filename(), error);
  }
  const std::string root = directory_.string();
  const std::string keys = (stage_->pki / "agent").string();
  WriteAll(directory_ / "agent.yaml",
           "ensemble: crash\nserver: 1\nlisten: " + host_ + ":" + std::to_string(kAgentPort) +
               "\npki: {ca: " + keys + "/ca.pem, certificate: " + keys + "/cert.pem, key: " + keys +
               "/key.pem}\nstate_directory: " + root + "/state\ninstance:\n  releases: " + root +
               "/releases\n  generations: " + root + "/generations\n  data_directory: " + root +
               "/data\n  log_directory: " + root + "/logs\n  manager: zkserver\n" +
               (has_archives_ ? "archive_directories: [" + root + "/archives]\n" : ""));
  std::string servers;
  for (int id = 1; id <= 3; ++id) {
    const std::string host = id == 1 ? host_ : "127.0.19." + std::to_string(id);
    servers += "  - {id: " + std::to_string(id) + ", host: " + host + ", agent: \"" + host + ":" +
               std::to_string(kAgentPort) +
               "\", client_port: 12181, quorum_port: 12888, election_port: 13888, "
               "settings: {clientPortAddress: " +
               host + "}}\n";
  }
  const fs::path ensemble = directory_ / "ensemble.yaml";
  WriteAll(ensemble,
           "ensemble: crash\nrelease: {version: " + stage_->old_release.version.ToString() +
               ", source: " + stage_->old_release.source + ", sha512: \"" +
               stage_->old_release.sha512 +
               "\"}\nconfig:\n  settings: {tickTime: 2000, initLimit: 10, syncLimit: 5}\n" +
               "servers:\n" + servers);
  ZW_ASSIGN(auto loaded, config::LoadEnsembleFile(ensemble.string()));
  ensemble_ = std::move(loaded.spec);
  return base::Ok();
}

pid_t Box::Spawn(const std::vector<std::string>& words, const std::string& faults) const {
  std::vector<char*> argv;
  for (const std::string& word : words) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  const std::string armed = "ZOOWARDEN_FAULT=" + faults;
  std::vector<char*> envp = {const_cast<char*>(armed.c_str())};
  for (const std::string& entry : environment_) {
    envp.push_back(const_cast<char*>(entry.c_str()));
  }
  envp.push_back(nullptr);
  const std::string log = (directory_ / "agent.log").string();
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int to = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(to, STDOUT_FILENO);
    dup2(to, STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  return child;
}

base::Status Box::InstallOld() {
  ZW_TRY(WriteFiles());
  const pid_t child = Spawn({stage_->programs / "zoowarden-agent",
                             "--config",
                             directory_ / "agent.yaml",
                             "bootstrap",
                             "--archive",
                             stage_->old_release.source,
                             "--ensemble-spec",
                             directory_ / "ensemble.yaml"},
                            "");
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) {
    return Fail(ErrorCode::kInternal, "the old release was not installed: " + AgentLog());
  }
  WriteAll(directory_ / "data/version-2/snapshot.0", "what this member has acknowledged");
  return base::Ok();
}

base::Status Box::StartAgent(const std::string& faults) {
  if (ensemble_.name.empty()) {
    ZW_TRY(WriteFiles());
  }
  agent_ =
      Spawn({stage_->programs / "zoowarden-agent", "--config", directory_ / "agent.yaml"}, faults);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end && AgentRuns()) {
    if (Listens(host_, kAgentPort)) {
      return base::Ok();
    }
    std::this_thread::sleep_for(kLook);
  }
  return Fail(ErrorCode::kInternal, "the agent does not listen: " + AgentLog());
}

base::Status Box::LaunchServer() {
  const pid_t child = Spawn({stage_->programs / "zoowarden-launch",
                             "--data",
                             directory_ / "data",
                             "--current",
                             directory_ / "generations/current",
                             "--log-dir",
                             directory_ / "logs"},
                            "");
  int status = 0;
  waitpid(child, &status, 0);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (status == 0 && std::chrono::steady_clock::now() < end) {
    if (!Running().empty()) {
      return base::Ok();
    }
    std::this_thread::sleep_for(kLook);
  }
  return Fail(ErrorCode::kInternal, "what is current does not start: " + AgentLog());
}

bool Box::AgentRuns() {
  if (agent_ != 0 && waitpid(agent_, nullptr, WNOHANG) == agent_) {
    agent_ = 0;
  }
  return agent_ != 0;
}

void Box::KillAgent() {
  if (AgentRuns()) {
    kill(agent_, SIGKILL);
    waitpid(agent_, nullptr, 0);
    agent_ = 0;
  }
}

void Box::KillServers() {
  for (const auto& [pid, generation] : Starts()) {
    if (CommandLine(pid).find(directory_.string()) != std::string::npos) {
      kill(pid, SIGKILL);
    }
  }
}

void Box::RemoveArchives() {
  fs::remove_all(directory_ / "archives");
  fs::remove_all(directory_ / "state/uploads");
}

std::string Box::Current() const {
  std::error_code none;
  return fs::read_symlink(directory_ / "generations/current", none).string();
}

std::vector<std::pair<pid_t, std::string>> Box::Starts() const {
  std::vector<std::pair<pid_t, std::string>> starts;
  std::ifstream file(directory_ / "starts");
  pid_t pid = 0;
  for (std::string configuration; file >> pid >> configuration;) {
    // generations/<digest>/conf/zoo.cfg
    starts.emplace_back(pid, fs::path(configuration).parent_path().parent_path().filename());
  }
  return starts;
}

std::vector<std::string> Box::Started() const {
  std::vector<std::string> generations;
  for (auto& [pid, generation] : Starts()) {
    generations.push_back(generation);
  }
  return generations;
}

std::string Box::Running() const {
  for (const auto& [pid, generation] : Starts()) {
    if (CommandLine(pid).find("/generations/" + generation + "/") != std::string::npos) {
      return generation;
    }
  }
  return "";
}

std::string Box::FirstViolation() const {
  const std::string all = ReadAll(directory_ / "violations");
  return all.substr(0, all.find('\n'));
}

std::string Box::Leftover() const {
  const auto ends = std::chrono::steady_clock::now() + kPatience;
  std::string leftover = FirstLeftover();
  while (!leftover.empty() && std::chrono::steady_clock::now() < ends) {
    std::this_thread::sleep_for(kLook);
    leftover = FirstLeftover();
  }
  return leftover;
}

std::string Box::FirstLeftover() const {
  constexpr std::array kPrefixes = {".new-", ".old-", ".unpack-", ".link-"};
  for (const char* below : {"generations", "releases", "data", "state"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory_ / below, error)) {
      const std::string name = entry.path().filename();
      if (std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](const char* prefix) {
            return name.starts_with(prefix);
          })) {
        return entry.path();
      }
    }
  }
  return "";
}

std::string Box::AgentLog() const { return ReadAll(directory_ / "agent.log"); }

}  // namespace zoowarden::crash
