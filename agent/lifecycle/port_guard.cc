#include "agent/lifecycle/port_guard.h"

#include "base/text.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "zk/membership.h"
#include "zk/zoo_cfg.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxTable = 16UL * 1024 * 1024;

std::uint16_t PortFrom(const std::optional<std::string>& text) {
  const auto number = base::ParseUnsigned(text.value_or(""));
  return number && *number <= 0xffff ? static_cast<std::uint16_t>(*number) : std::uint16_t{0};
}

void AddClientPorts(const zk::ZooCfg& cfg, std::vector<ListeningPort>& ports) {
  for (const auto& [port, address] : {std::pair("clientPort", "clientPortAddress"),
                                      std::pair("secureClientPort", "secureClientPortAddress")}) {
    ports.push_back({.purpose = "client",
                     .host = cfg.Get(address).value_or(""),
                     .port = PortFrom(cfg.Get(port))});
  }
}

void AddServerLine(const zk::Member& member, std::vector<ListeningPort>& ports) {
  for (const auto& address : member.addresses) {
    ports.push_back({.purpose = "quorum", .host = address.host, .port = address.quorum_port});
    ports.push_back(
        {.purpose = "election", .host = address.host, .port = address.election_port.value_or(0)});
  }
  if (member.client) {
    ports.push_back(
        {.purpose = "client", .host = member.client->host, .port = member.client->port});
  }
}

// EADDRINUSE is the only answer that matters. SO_REUSEADDR as Java sets it: what only lingers after
// a close is no obstacle, what listens is.
bool IsTaken(const addrinfo& address) {
  const sys::UniqueFd probe(
      ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, address.ai_protocol));
  const int on = 1;
  return probe.valid() &&
         ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
         ::bind(probe.get(), address.ai_addr, address.ai_addrlen) != 0 && errno == EADDRINUSE;
}

bool IsTaken(const ListeningPort& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const char* host = port.host.empty() ? nullptr : port.host.c_str();
  if (::getaddrinfo(host, std::to_string(port.port).c_str(), &hints, &list) != 0) {
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(list, &::freeaddrinfo);
  for (const auto* at = list; at != nullptr; at = at->ai_next) {
    if (IsTaken(*at)) {
      return true;
    }
  }
  return false;
}

// Sockets that listen on that port, by any address, as "socket:[inode]".
std::vector<std::string> ListeningSockets(const fs::path& proc, std::uint16_t port) {
  std::vector<std::string> sockets;
  for (const char* table : {"tcp", "tcp6"}) {
    const std::string text =
        sys::ReadFile(proc / "self/net" / table, kMaxTable).value_or(std::string());
    for (const auto line : base::Split(text, '\n')) {
      std::vector<std::string_view> words;
      for (const auto word : base::Split(line, ' ')) {
        if (!word.empty()) {
          words.push_back(word);
        }
      }
      constexpr std::size_t kInode = 9;
      if (words.size() > kInode && words[3] == "0A" &&
          base::ParseUnsigned(words[1].substr(words[1].rfind(':') + 1), 16) == port) {
        sockets.push_back("socket:[" + std::string(words[kInode]) + "]");
      }
    }
  }
  return sockets;
}

bool HoldsOneOf(const fs::path& descriptors, const std::vector<std::string>& sockets) {
  std::error_code error;
  for (fs::directory_iterator entry(descriptors, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    const auto target = fs::read_symlink(entry->path(), ignored).string();
    if (std::find(sockets.begin(), sockets.end(), target) != sockets.end()) {
      return true;
    }
  }
  return false;
}

// "process 4711 (nginx)", or words for one that may not be seen.
std::string HolderOf(const fs::path& proc, std::uint16_t port) {
  constexpr std::size_t kMaxName = 64;
  const auto sockets = ListeningSockets(proc, port);
  std::error_code error;
  for (fs::directory_iterator entry(proc, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto pid = entry->path().filename().string();
    if (base::ParseUnsigned(pid) && HoldsOneOf(entry->path() / "fd", sockets)) {
      const auto name = sys::ReadFile(entry->path() / "comm", kMaxName);
      return "process " + pid +
             (name ? " (" + base::Printable(base::Trim(*name)) + ")" : std::string());
    }
  }
  return "a process that this agent may not see";
}

}  // namespace

std::vector<ListeningPort> PortsOf(const ConfigurationFiles& files, model::ServerId self) {
  std::vector<ListeningPort> ports;
  for (const auto& [name, text] : files) {
    const auto cfg = zk::ZooCfg::Parse(text, name);
    const auto membership = cfg ? zk::MembershipOf(*cfg) : base::Result<zk::Membership>();
    if (!cfg) {
      continue;
    }
    AddClientPorts(*cfg, ports);
    if (membership && membership->members.contains(self)) {
      AddServerLine(membership->members.at(self), ports);
    }
  }
  std::erase_if(ports, [](const ListeningPort& port) { return port.port == 0; });
  return ports;
}

base::Status CheckPortsAreFree(const fs::path& proc, const std::vector<ListeningPort>& ports) {
  for (const auto& port : ports) {
    if (IsTaken(port)) {
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "start.port_taken",
                        HolderOf(proc, port.port) + " listens on the " + port.purpose + " port " +
                            (port.host.empty() ? std::string() : port.host + ":") +
                            std::to_string(port.port) +
                            " of this server, and no ZooKeeper of its data directory is known to "
                            "run; end it, or give this server another port");
    }
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
