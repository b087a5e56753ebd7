// Unpacks a release archive (tar, gzip or not) under our entry policy. The only place that knows
// libarchive.
#pragma once

#include "agent/install/entry_policy.h"
#include "agent/install/release_record.h"
#include "base/error.h"

#include <filesystem>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct UnpackRequest {
  int archive = -1;  // open for reading at its beginning; not closed
  std::string sha512;
  std::vector<std::string> top_names;  // the top-level directory's, which is stripped
  std::filesystem::path destination;   // fresh, empty and private
  ArchiveLimits limits;
};

// The files written, sorted by path, all synced. On an error something may have been written: the
// caller removes the destination. Errors: EntryPolicy's and PackedStream's,
// `archive.not_an_archive`, `archive.empty`, `archive.truncated`, `archive.damaged`,
// `archive.header_too_large`, `archive.bad_size`, `archive.odd_header`, `archive.trailing_data`,
// `archive.size_mismatch`, `release.wrong_digest` (the bytes changed while they were read).
[[nodiscard]] base::Result<std::vector<ReleaseFile>> UnpackArchive(const UnpackRequest& request);

}  // namespace zoowarden::agent
