#include "agent/observe/sockets.h"

#include "base/text.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

// Socket states of the kernel's include/net/tcp_states.h.
constexpr std::string_view kEstablished = "01";
constexpr std::string_view kListen = "0A";

std::set<std::uint64_t> SocketInodes(const fs::path& descriptors, bool& readable) {
  std::set<std::uint64_t> inodes;
  std::error_code error;
  for (fs::directory_iterator at(descriptors, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;  // a descriptor may be closed while we look
    const auto target = fs::read_symlink(at->path(), ignored).string();
    constexpr std::string_view kPrefix = "socket:[";
    if (target.starts_with(kPrefix) && target.ends_with(']')) {
      const auto number =
          std::string_view(target).substr(kPrefix.size(), target.size() - kPrefix.size() - 1);
      if (const auto inode = base::ParseUnsigned(number)) {
        inodes.insert(*inode);
      }
    }
  }
  readable = !error;
  return inodes;
}

std::string ReadWhole(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// "0100007F:2F95" -> 0x2F95
std::uint16_t PortOf(std::string_view address) {
  const auto colon = address.rfind(':');
  const auto port = colon == std::string_view::npos
                        ? std::nullopt
                        : base::ParseUnsigned(address.substr(colon + 1), 16);
  return static_cast<std::uint16_t>(port.value_or(0));
}

}  // namespace

void ParseTcpTable(std::string_view table,
                   const std::set<std::uint64_t>& inodes,
                   ProcessSockets& out) {
  for (const auto line : base::Split(table, '\n')) {
    std::istringstream words{std::string(line)};
    std::vector<std::string> fields;
    for (std::string word; words >> word && fields.size() < 10;) {
      fields.push_back(word);
    }
    if (fields.size() < 10) {
      continue;
    }
    const auto inode = base::ParseUnsigned(fields[9]);
    if (!inode || !inodes.contains(*inode)) {
      continue;
    }
    if (fields[3] == kListen) {
      out.listening.insert(PortOf(fields[1]));
    } else if (fields[3] == kEstablished) {
      out.connected_local.insert(PortOf(fields[1]));
      out.connected_remote.insert(PortOf(fields[2]));
    }
  }
}

ProcessSockets ReadSockets(pid_t pid) {
  const fs::path process = fs::path("/proc") / std::to_string(pid);
  ProcessSockets sockets;
  const auto inodes = SocketInodes(process / "fd", sockets.readable);
  for (const auto* table : {"net/tcp", "net/tcp6"}) {
    ParseTcpTable(ReadWhole(process / table), inodes, sockets);
  }
  return sockets;
}

bool HasQuorumConnection(const ProcessSockets& sockets,
                         const std::set<std::uint16_t>& quorum_ports,
                         std::uint16_t own_quorum_port) {
  for (const auto port : quorum_ports) {
    if (sockets.connected_remote.contains(port)) {
      return true;
    }
  }
  return own_quorum_port != 0 && sockets.connected_local.contains(own_quorum_port);
}

}  // namespace zoowarden::agent
