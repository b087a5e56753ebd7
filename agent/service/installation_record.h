// What a first installation notes before it touches a data directory, so that one that was cut off
// knows its own work again: without it, a data directory that is not empty is somebody's.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"

#include <filesystem>
#include <optional>
#include <string>

namespace zoowarden::agent {

// STATE_DIRECTORY/first-installation.json (docs/formats.md); removed when the server runs.
struct InstallationRecord {
  std::string generation;
  std::string data_directory;
  std::string data_log_directory;
};

// nullopt: none is under way. Errors: kDataLoss `install.damaged_record`, kFailedPrecondition
// `install.unknown_format`.
[[nodiscard]] base::Result<std::optional<InstallationRecord>> ReadInstallationRecord(
    const std::filesystem::path& state_directory);
// Durable when it returns.
[[nodiscard]] base::Status WriteInstallationRecord(const std::filesystem::path& state_directory,
                                                   const InstallationRecord& record);
[[nodiscard]] base::Status RemoveInstallationRecord(const std::filesystem::path& state_directory);

enum class DataState {
  kEmpty,
  kPrepared,  // nothing but this server's myid, whole or not, and empty version-2 directories
  kWritten,   // anything else
};

// Of the data directory and the one of the transaction logs.
struct DataStates {
  DataState least = DataState::kEmpty;
  DataState most = DataState::kEmpty;
};
[[nodiscard]] DataStates LookAtData(const config::AgentConfig& config);

}  // namespace zoowarden::agent
