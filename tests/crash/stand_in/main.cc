// A stand-in for ZooKeeper's start script and its JVM, for tests that start thousands of them.
//
//   zoowarden-stand-in start CONFIGURATION   as zkServer.sh: begins to listen, then executes itself
//                                            with a command line like a JVM's, and returns
//
// It serves as soon as it can be seen, answers `srvr` as a follower of the version that its class
// path names, ends at SIGTERM, and writes nothing below its data directory. Beside that directory
// it keeps `stand-in.lock`, `starts` (one line a start) and `violations`: a second one on the same
// data directory is recorded there by itself.
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace {

namespace fs = std::filesystem;

constexpr const char* kMainClass = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

std::string Setting(const std::string& configuration, const std::string& key) {
  std::ifstream file(configuration);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + "=")) {
      return line.substr(key.size() + 1);
    }
  }
  return "";
}

int Listen(const std::string& configuration) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(Setting(configuration, "clientPort"))));
  inet_pton(AF_INET, Setting(configuration, "clientPortAddress").c_str(), &address.sin_addr);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // A forbidden second one is to be seen by the lock and not to fail for want of a port.
  setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener, 64) != 0) {
    return -1;
  }
  return listener;
}

int Start(const fs::path& script, const std::string& configuration) {
  const int listener = Listen(configuration);
  if (listener < 0) {
    return 1;
  }
  if (fork() != 0) {
    return 0;
  }
  // The descriptor of the launcher's lock on the data directory is inherited as well.
  const std::string jar = (script.parent_path().parent_path() / "lib" / "zookeeper.jar").string();
  const std::string descriptor = "-Dlistener=" + std::to_string(listener);
  execl("/proc/self/exe",
        "java",
        descriptor.c_str(),
        "-cp",
        jar.c_str(),
        kMainClass,
        configuration.c_str(),
        nullptr);
  _exit(1);
}

// releases/3.9.4-0a1b2c3d/lib/zookeeper.jar
std::string VersionOf(const fs::path& jar) {
  const std::string release = jar.parent_path().parent_path().filename().string();
  return release.substr(0, release.find('-'));
}

void Append(const fs::path& file, const std::string& line) {
  const std::string text = line + "\n";
  const int to = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (write(to, text.data(), text.size()) < 0) {
    _exit(1);
  }
  close(to);
}

void Answer(int client, const std::string& version) {
  std::array<char, 64> word{};
  if (read(client, word.data(), word.size()) < 4 ||
      !std::string_view(word.data()).starts_with("srvr")) {
    return;
  }
  const std::string reply = "Zookeeper version: " + version +
                            "-stand-in, built on 2024-01-01 00:00 UTC\n"
                            "Latency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 1\nConnections: 1\n"
                            "Outstanding: 0\nZxid: 0x100000001\nMode: follower\nNode count: 5\n";
  [[maybe_unused]] const auto sent = write(client, reply.data(), reply.size());
}

int Serve(int listener, const fs::path& jar, const std::string& configuration) {
  // No case takes as long: what a killed suite leaves behind ends by itself.
  constexpr unsigned int kLifeSeconds = 600;
  alarm(kLifeSeconds);
  const fs::path beside = fs::path(Setting(configuration, "dataDir")).parent_path();
  const int lock = open((beside / "stand-in.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    Append(beside / "violations", "two on one data directory: " + configuration);
  }
  Append(beside / "starts", std::to_string(getpid()) + " " + configuration);
  const std::string version = VersionOf(jar);
  while (true) {
    const int client = accept(listener, nullptr, nullptr);
    if (client >= 0) {
      Answer(client, version);
      close(client);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (argc == 4 && first == "start") {
    return Start(argv[2], argv[3]);
  }
  if (argc == 6 && std::string_view(argv[4]) == kMainClass) {
    return Serve(std::atoi(first.substr(first.find('=') + 1).c_str()), argv[3], argv[5]);
  }
  return 2;
}
