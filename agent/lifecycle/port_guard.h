// Whether somebody else sits where this server would listen. A ZooKeeper that cannot be recognised
// by its command line, because its configuration is gone or lies, still holds its ports.
#pragma once

#include "agent/install/generations.h"
#include "base/error.h"
#include "model/ids.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct ListeningPort {
  std::string purpose;  // "client", "quorum", "election"
  std::string host;     // empty = all addresses
  std::uint16_t port = 0;
};

// Where a server with these files (zoo.cfg and the dynamic file that it names) would listen.
[[nodiscard]] std::vector<ListeningPort> PortsOf(const ConfigurationFiles& files,
                                                 model::ServerId self);

// kUnavailable `start.port_taken`, for a process that ends holds its ports to the last, names the
// port and, where /proc tells, the process. Tries to bind and lets go; blocks while names are
// looked up. An address that is not this machine's, or a name that nobody knows, is the server's
// own to complain of.
[[nodiscard]] base::Status CheckPortsAreFree(const std::filesystem::path& proc,
                                             const std::vector<ListeningPort>& ports);

}  // namespace zoowarden::agent
