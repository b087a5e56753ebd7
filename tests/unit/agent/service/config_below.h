// The configuration of server 1's agent with every directory below one of the test's own.
#pragma once

#include "config/agent_file.h"

#include <filesystem>

namespace zoowarden::agent {

[[nodiscard]] inline config::AgentConfig ConfigBelow(const std::filesystem::path& directory) {
  return {.ensemble = "lab",
          .server = {1},
          .state_directory = directory / "state",
          .instance = {.releases = directory / "releases",
                       .generations = directory / "generations",
                       .data_directory = directory / "data",
                       .data_log_directory = directory / "data",
                       .log_directory = directory / "logs"}};
}

}  // namespace zoowarden::agent
