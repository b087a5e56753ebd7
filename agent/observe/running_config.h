// What the running member was started with, read from the file on its command line: where it can be
// asked, and which membership its file shows. Probes that looked anywhere else would die in the
// middle of the very upgrade that changes it.
#pragma once

#include "base/error.h"
#include "model/observation.h"
#include "zknet/connection.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace zoowarden::agent {

struct RunningConfig {
  std::optional<zknet::Endpoint> client;  // plain client port; nullopt = none
  std::optional<zknet::Endpoint> admin;   // AdminServer, where the file does not turn it off
  bool mntr_allowed = false;              // by 4lw.commands.whitelist
  model::Membership membership;           // server lines of the file and its dynamic file
  std::set<std::uint16_t> quorum_ports;   // of all members
  std::uint16_t own_quorum_port = 0;
  std::string dynamic_file;  // changes with every committed reconfiguration
};

// `configuration_file` is the zoo.cfg that the process was started with.
[[nodiscard]] base::Result<RunningConfig> ReadRunningConfig(const std::string& configuration_file,
                                                            model::ServerId self);

// A wildcard address is asked through loopback.
[[nodiscard]] zknet::Endpoint Reachable(std::string host, std::uint16_t port);

}  // namespace zoowarden::agent
