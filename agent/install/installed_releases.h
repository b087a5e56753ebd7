// What of releases lies on this server: unpacked trees by the names of their directories, and the
// archives and signatures they came from.
#pragma once

#include "agent/install/release_record.h"
#include "base/error.h"
#include "model/version.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

struct InstalledRelease {
  std::string name;  // of its directory: "3.9.4-9418f5e1"
  model::Version version;
  std::string sha512;  // of the archive; empty when the record cannot be read
  std::uint64_t bytes = 0;
  std::size_t files = 0;
  // The last problem found, empty = none: what its record says, or VerifyInstalled.
  std::string problem_reason;
  std::string problem;
};

// "3.9.4-9418f5e1", the only names that name a release.
[[nodiscard]] bool IsReleaseName(std::string_view name);

// Sorted by version and name; other entries of the directory are not looked at. Reads the records,
// not the trees.
[[nodiscard]] base::Result<std::vector<InstalledRelease>> ListInstalled(
    const std::filesystem::path& releases);

// Compares every file of the tree with what was unpacked, and the record with the archive that it
// should be of. Errors: kNotFound `release.not_unpacked`, kFailedPrecondition `release.name_taken`,
// `release.unknown_format`, kDataLoss `release.tree_changed`, `release.damaged`.
[[nodiscard]] base::Status VerifyInstalled(const std::filesystem::path& directory,
                                           const model::Version& version,
                                           std::string_view sha512);

// The record alone, for looks that need no proof.
[[nodiscard]] base::Result<ReleaseRecord> ReadReleaseRecord(const std::filesystem::path& directory);

}  // namespace zoowarden::agent
