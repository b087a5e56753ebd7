// A generation of server 1 of three, for tests that look at what becomes of it on disk.
#pragma once

#include "agent/install/generations.h"

#include <filesystem>
#include <string>
#include <utility>

namespace zoowarden::agent {

// Makes the release's directory.
inline GenerationRequest RequestFor(model::Version version,
                                    const std::filesystem::path& release,
                                    ConfigurationFiles files) {
  std::filesystem::create_directories(release);
  return {.version = version,
          .release_sha512 = std::string(128, 'a'),
          .release_directory = release,
          .configuration_digest = std::string(64, 'c'),
          .server = {1},
          .declared_servers = 3,
          .settings = {},
          .files = std::move(files)};
}

}  // namespace zoowarden::agent
