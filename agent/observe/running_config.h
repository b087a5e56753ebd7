// How the running process can be spoken to, from the configuration that it was started with: not
// from the one that is to come, because probes that depend on what an upgrade changes die in the
// middle of it.
#pragma once

#include "agent/lifecycle/process_finder.h"
#include "base/error.h"
#include "model/ids.h"
#include "model/observation.h"
#include "model/version.h"
#include "zk/membership.h"
#include "zknet/connection.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct RunningConfig {
  std::optional<zknet::Endpoint> client;  // plain client port; empty when there is none
  std::optional<zknet::Endpoint> admin;   // AdminServer over plain HTTP
  bool mntr_allowed = false;
  std::set<std::uint16_t> quorum_ports;  // of all members
  std::uint16_t own_quorum_port = 0;
  model::Membership membership;           // as this release line reads the files
  std::optional<model::Version> version;  // from the class path: what was started, not what answers
};

struct ConfigTexts {
  std::string zoo_cfg;
  std::string dynamic;  // of the file that dynamicConfigFile names; empty = none
};

// Pure. `command_line` gives the class path and -Dzookeeper.* options, which count where zoo.cfg
// has no such key.
[[nodiscard]] base::Result<RunningConfig> InterpretConfig(
    const ConfigTexts& texts, const std::vector<std::string>& command_line, model::ServerId self);

// Reads the process's files as it sees them (ProcessView). kNotFound when they are gone.
[[nodiscard]] base::Result<ConfigTexts> ReadConfigTexts(const std::filesystem::path& proc,
                                                        const FoundProcess& found);

[[nodiscard]] model::Membership ToModel(const zk::Membership& membership, std::string source);

// X.Y.Z of the server jar on a class path ("zookeeper-3.8.4.jar").
[[nodiscard]] std::optional<model::Version> VersionOnClassPath(
    const std::vector<std::string>& command_line);

}  // namespace zoowarden::agent
