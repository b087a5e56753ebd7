// What the TCP sockets of one process say about its place in the quorum: the leader is the only
// member that listens on its quorum port, and a learner is connected to it. Reads
// /proc/PID/{fd,net}; needs to be root or the process's user.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>

namespace zoowarden::agent {

struct QuorumSockets {
  bool readable = false;              // all of them; false: what is not seen proves nothing
  bool listens_for_learners = false;  // leader
  bool connected_to_leader = false;   // follower or observer
  bool has_learners = false;          // an established connection on its own quorum port
};

[[nodiscard]] QuorumSockets LookAtSockets(const std::filesystem::path& proc,
                                          std::int32_t pid,
                                          std::uint16_t own_quorum_port,
                                          const std::set<std::uint16_t>& quorum_ports);

// The TCP ports that the process listens on; empty when that may not be seen.
[[nodiscard]] std::set<std::uint16_t> ListeningPorts(const std::filesystem::path& proc,
                                                     std::int32_t pid);

}  // namespace zoowarden::agent
