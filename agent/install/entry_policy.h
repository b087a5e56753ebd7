// What an archive may contain. libarchive alone lets symbolic links to anywhere, devices, FIFOs,
// duplicates and bombs through, so every header passes here before anything is created.
//
// Pure; one object judges one archive, and none after its first refusal. Every refusal is
// kInvalidArgument with its own reason.
#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::agent {

struct ArchiveLimits {
  std::size_t entries = 20'000;
  std::uint64_t bytes = 2ULL * 1024 * 1024 * 1024;  // unpacked
  std::uint64_t ratio = 200;                        // unpacked bytes for one byte of the archive
  std::size_t depth = 16;                           // path components
  std::size_t path_bytes = 255;
};

enum class EntryKind {
  kFile,
  kDirectory,
  kSymbolicLink,
  kHardLink,
  kSparse,
  kCharacterDevice,
  kBlockDevice,
  kFifo,
  kOther
};

struct EntryHeader {
  std::string_view path;
  EntryKind kind = EntryKind::kOther;
  std::uint64_t size = 0;  // declared, of files
  unsigned int mode = 0;   // permission bits with set-uid, set-gid and sticky
};

class EntryPolicy {
 public:
  // `top_names`: what the one top-level directory may be called. `archive_bytes`: of the packed
  // file.
  EntryPolicy(std::vector<std::string> top_names,
              std::uint64_t archive_bytes,
              ArchiveLimits limits = {})
      : top_names_(std::move(top_names)), archive_bytes_(archive_bytes), limits_(limits) {}

  // The path below the top-level directory, empty for that directory itself. Reasons: `archive.`
  // and `too_many_entries`, `symbolic_link`, `hard_link`, `sparse`, `character_device`,
  // `block_device`, `fifo`, `entry_type`, `special_mode`, `name_empty`, `name_absolute`,
  // `name_characters`, `name_dots`, `name_too_long`, `too_deep`, `wrong_version` (a release's
  // directory of another version), `wrong_top_directory`, `two_top_directories`, `duplicate`,
  // `case_clash`, `file_as_directory`, `reserved_name`, `too_large`, `ratio`.
  [[nodiscard]] base::Result<std::string> Admit(const EntryHeader& header);

  [[nodiscard]] std::size_t entries() const { return entries_; }

 private:
  enum class Known { kFile, kDirectory, kParent };  // kParent: something lies in it, no entry yet
  struct Name {
    std::string path;
    Known what;
  };

  [[nodiscard]] base::Status CheckName(std::string_view path) const;
  [[nodiscard]] base::Status CheckTop(std::string_view path);
  [[nodiscard]] base::Status TakePlace(const std::string& path, EntryKind kind);
  [[nodiscard]] base::Status CountBytes(const EntryHeader& header);

  std::vector<std::string> top_names_;
  std::uint64_t archive_bytes_;
  ArchiveLimits limits_;
  std::size_t entries_ = 0;
  std::uint64_t bytes_ = 0;
  std::string top_;
  std::map<std::string, Name> names_;  // by the path in lower case
};

// What helps against nearly every archive that is refused.
inline constexpr std::string_view kGetTheArchiveAgain =
    "get the release again from its source and compare its SHA-512 with the published one";

// The refusal of an archive: "archive.<reason>", what is wrong and what to do. Releases::Unpack
// puts the archive's name before it.
[[nodiscard]] tl::unexpected<base::Error> RefuseArchive(
    std::string_view reason,
    const std::string& message,
    std::string_view advice = kGetTheArchiveAgain);

// The file that describes an unpacked release inside its directory; no archive may bring one.
inline constexpr std::string_view kReleaseRecordName = "zoowarden-release.json";

}  // namespace zoowarden::agent
