#include "agent/observe/sockets.h"

#include "base/text.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEstablished = "01";
constexpr std::string_view kListen = "0A";
constexpr std::string_view kSocket = "socket:[";

// "socket:[12345]" -> "12345". Nothing unless every descriptor could be read.
std::optional<std::unordered_set<std::string>> SocketInodes(const fs::path& descriptors) {
  std::unordered_set<std::string> inodes;
  std::error_code error;
  for (fs::directory_iterator entry(descriptors, error), end; !error && entry != end;
       entry.increment(error)) {
    // Not fs::read_symlink, which asks for the size first: a server may hold thousands.
    std::array<char, 64> target{};
    const auto size = readlink(entry->path().c_str(), target.data(), target.size());
    if (size < 0 && errno != ENOENT) {  // ENOENT: closed since it was listed
      return std::nullopt;
    }
    const std::string_view text(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (text.starts_with(kSocket) && text.ends_with(']')) {
      inodes.emplace(text.substr(kSocket.size(), text.size() - kSocket.size() - 1));
    }
  }
  return error ? std::nullopt : std::optional(std::move(inodes));
}

// "0100007F:0BB8" -> 3000.
std::uint16_t PortOf(std::string_view address) {
  const auto port = base::ParseUnsigned(address.substr(address.rfind(':') + 1), 16);
  return static_cast<std::uint16_t>(port.value_or(0));
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : base::Split(line, ' ')) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  return words;
}

struct Ports {
  std::uint16_t own = 0;
  const std::set<std::uint16_t>& all;
};

void Judge(const std::vector<std::string_view>& words, const Ports& ports, QuorumSockets& sockets) {
  const std::uint16_t local = PortOf(words[1]);
  const std::uint16_t remote = PortOf(words[2]);
  if (words[3] == kListen) {
    sockets.listens_for_learners |= local == ports.own;
  } else if (words[3] == kEstablished) {
    // On one host a learner's quorum port may equal the leader's, so both ends are looked at.
    sockets.has_learners |= local == ports.own;
    sockets.connected_to_leader |= local != ports.own && ports.all.contains(remote);
  }
}

enum class IfMissing { kUnreadable, kNothing };

// False when a part of the table may not have been seen.
bool ReadTable(const fs::path& table,
               IfMissing if_missing,
               const std::unordered_set<std::string>& inodes,
               const std::function<void(const std::vector<std::string_view>&)>& judge) {
  std::ifstream file(table);
  if (!file.is_open()) {
    std::error_code error;
    return if_missing == IfMissing::kNothing &&
           fs::symlink_status(table, error).type() == fs::file_type::not_found;
  }
  std::string line;
  std::getline(file, line);  // headings
  while (std::getline(file, line)) {
    const auto words = Words(line);
    constexpr std::size_t kInode = 9;
    if (words.size() > kInode && inodes.contains(std::string(words[kInode]))) {
      judge(words);
    }
  }
  return !file.bad();
}

}  // namespace

QuorumSockets LookAtSockets(const fs::path& proc,
                            std::int32_t pid,
                            std::uint16_t own_quorum_port,
                            const std::set<std::uint16_t>& quorum_ports) {
  QuorumSockets sockets;
  const fs::path process = proc / std::to_string(pid);
  const auto inodes = SocketInodes(process / "fd");
  if (!inodes || own_quorum_port == 0) {
    return sockets;
  }
  const Ports ports{.own = own_quorum_port, .all = quorum_ports};
  const auto judge = [&](const std::vector<std::string_view>& words) {
    Judge(words, ports, sockets);
  };
  const fs::path tables = process / "net";
  const bool v4 = ReadTable(tables / "tcp", IfMissing::kUnreadable, *inodes, judge);
  // Absent where the machine has no IPv6.
  const bool v6 = ReadTable(tables / "tcp6", IfMissing::kNothing, *inodes, judge);
  sockets.readable = v4 && v6;
  return sockets;
}

std::set<std::uint16_t> ListeningPorts(const fs::path& proc, std::int32_t pid) {
  std::set<std::uint16_t> ports;
  const fs::path process = proc / std::to_string(pid);
  const auto inodes = SocketInodes(process / "fd");
  if (!inodes) {
    return ports;
  }
  const auto judge = [&ports](const std::vector<std::string_view>& words) {
    if (words[3] == kListen) {
      ports.insert(PortOf(words[1]));
    }
  };
  for (const char* table : {"tcp", "tcp6"}) {
    ReadTable(process / "net" / table, IfMissing::kNothing, *inodes, judge);
  }
  return ports;
}

}  // namespace zoowarden::agent
