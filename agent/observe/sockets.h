// TCP sockets of one process, from /proc: what it listens on and whom it is connected to.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>

namespace zoowarden::agent {

struct ProcessSockets {
  bool readable = false;  // false: this agent may not see the process's descriptors
  std::set<std::uint16_t> listening;
  std::set<std::uint16_t> connected_local;   // local ports of established connections
  std::set<std::uint16_t> connected_remote;  // remote ports of established connections
};

[[nodiscard]] ProcessSockets ReadSockets(pid_t pid);

// A learner is connected to its leader's quorum port; a leader listens on its own and has learners
// connected to it.
[[nodiscard]] bool HasQuorumConnection(const ProcessSockets& sockets,
                                       const std::set<std::uint16_t>& quorum_ports,
                                       std::uint16_t own_quorum_port);

// One table of /proc/PID/net/tcp or tcp6; lines of sockets that are not in `inodes` are skipped.
void ParseTcpTable(std::string_view table,
                   const std::set<std::uint64_t>& inodes,
                   ProcessSockets& out);

}  // namespace zoowarden::agent
