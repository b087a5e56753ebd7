// zoowarden-release.json: which archive a release directory was unpacked from and every file that
// was in it, so that a changed tree is found before it is started. Format 1, docs/formats.md.
#pragma once

#include "base/error.h"
#include "model/version.h"
#include "sys/beneath.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

struct ReleaseFile {
  std::string path;  // relative to the release directory
  std::uint64_t size = 0;
  bool executable = false;
  std::string sha256;
  bool operator==(const ReleaseFile&) const = default;
};

struct ReleaseRecord {
  model::Version version;
  std::string sha512;  // of the archive
  std::vector<ReleaseFile> files;
  bool operator==(const ReleaseRecord&) const = default;
};

[[nodiscard]] std::string PrintReleaseRecord(const ReleaseRecord& record);

// Errors: kDataLoss `release.damaged`, kFailedPrecondition `release.unknown_format`.
[[nodiscard]] base::Result<ReleaseRecord> ParseReleaseRecord(std::string_view text);

// Compares the directory with the record: nothing changed, missing or added, no symbolic link.
// Reads every file. Error: kDataLoss `release.tree_changed` with the first difference.
[[nodiscard]] base::Status VerifyTree(const sys::Beneath& tree, const ReleaseRecord& record);

}  // namespace zoowarden::agent
