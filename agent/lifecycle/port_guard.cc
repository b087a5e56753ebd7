#include "agent/lifecycle/port_guard.h"

#include "base/text.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "zk/membership.h"
#include "zk/zoo_cfg.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
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

// As IPv6 has it, which has the addresses of IPv4 as well.
using Address = std::array<std::uint8_t, 16>;
constexpr Address kEveryAddress{};
constexpr Address kEveryOfFour{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kMapped = 12;  // bytes before one of IPv4

Address AddressOf(const addrinfo& from) {
  Address address = kEveryOfFour;
  if (from.ai_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, from.ai_addr, sizeof(six));
    std::memcpy(address.data(), &six.sin6_addr, address.size());
  } else if (from.ai_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, from.ai_addr, sizeof(four));
    std::memcpy(address.data() + kMapped, &four.sin_addr, sizeof(four.sin_addr));
  }
  return address;
}

// /proc/net/tcp and tcp6 have words of 32 bits as numbers of this machine's byte order.
std::optional<Address> AddressOf(std::string_view hex) {
  constexpr std::size_t kDigits = 8;
  if (hex.size() != kDigits && hex.size() != 4 * kDigits) {
    return std::nullopt;
  }
  Address address = kEveryOfFour;
  std::size_t at = hex.size() == kDigits ? kMapped : 0;
  for (; !hex.empty(); hex.remove_prefix(kDigits)) {
    const auto number = base::ParseUnsigned(hex.substr(0, kDigits), 16);
    if (!number) {
      return std::nullopt;
    }
    const auto word = static_cast<std::uint32_t>(*number);
    std::memcpy(address.data() + at, &word, sizeof(word));
    at += sizeof(word);
  }
  return address;
}

bool Covers(const Address& wildcard, const Address& address) {
  return wildcard == kEveryAddress ||
         (wildcard == kEveryOfFour &&
          std::equal(address.begin(), address.begin() + kMapped, wildcard.begin()));
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

// The first of its addresses on which somebody listens.
std::optional<Address> Taken(const ListeningPort& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const char* host = port.host.empty() ? nullptr : port.host.c_str();
  if (::getaddrinfo(host, std::to_string(port.port).c_str(), &hints, &list) != 0) {
    return std::nullopt;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(list, &::freeaddrinfo);
  for (const auto* at = list; at != nullptr; at = at->ai_next) {
    if (IsTaken(*at)) {
      return AddressOf(*at);
    }
  }
  return std::nullopt;
}

struct ListeningSocket {
  Address address;
  std::string link;  // as "socket:[inode]"
};

// A line of /proc/net/tcp, where it is of a socket that listens on this port.
std::optional<ListeningSocket> ListeningSocketOf(std::string_view line, std::uint16_t port) {
  std::vector<std::string_view> words;
  for (const auto word : base::Split(line, ' ')) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  constexpr std::size_t kInode = 9;
  const std::size_t colon = words.size() > kInode ? words[1].rfind(':') : std::string::npos;
  if (colon == std::string::npos || words[3] != "0A" ||
      base::ParseUnsigned(words[1].substr(colon + 1), 16) != port) {
    return std::nullopt;
  }
  const auto address = AddressOf(words[1].substr(0, colon));
  if (!address) {
    return std::nullopt;
  }
  return ListeningSocket{.address = *address,
                         .link = "socket:[" + std::string(words[kInode]) + "]"};
}

// Sockets that listen there, as "socket:[inode]": on that address, else on all.
std::vector<std::string> ListeningSockets(const fs::path& proc,
                                          const Address& address,
                                          std::uint16_t port) {
  std::vector<std::string> same;
  std::vector<std::string> wider;
  for (const char* table : {"tcp", "tcp6"}) {
    const std::string text =
        sys::ReadFile(proc / "self/net" / table, kMaxTable).value_or(std::string());
    for (const auto line : base::Split(text, '\n')) {
      const auto socket = ListeningSocketOf(line, port);
      if (!socket) {
        continue;
      }
      if (socket->address == address) {
        same.push_back(socket->link);
      } else if (Covers(socket->address, address) || Covers(address, socket->address)) {
        wider.push_back(socket->link);
      }
    }
  }
  return same.empty() ? wider : same;
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
std::string HolderOf(const fs::path& proc, const Address& address, std::uint16_t port) {
  constexpr std::size_t kMaxName = 64;
  const auto sockets = ListeningSockets(proc, address, port);
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
    if (const auto address = Taken(port)) {
      return base::Fail(base::ErrorCode::kUnavailable,
                        "start.port_taken",
                        HolderOf(proc, *address, port.port) + " listens on the " + port.purpose +
                            " port " + (port.host.empty() ? std::string() : port.host + ":") +
                            std::to_string(port.port) +
                            " of this server, and no ZooKeeper of its data directory is known to "
                            "run; end it, or give this server another port");
    }
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
