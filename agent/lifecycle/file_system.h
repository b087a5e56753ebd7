// What names a file system, so that the right disk is known again.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace zoowarden::agent {

struct FileSystem {
  std::uint64_t device = 0;  // st_dev: counts within one boot, which may number it anew
  // Across boots: "uuid:…" of the block device, "fsid:…" where the kernel derives statfs's f_fsid
  // from the file system's own UUID (ext4, btrfs); empty where it has no such name (tmpfs, nfs, …).
  std::string name;
  bool operator==(const FileSystem&) const = default;
};

// kFailedPrecondition `start.no_data_directory`. `by_uuid` is udev's directory of links.
[[nodiscard]] base::Result<FileSystem> FileSystemOf(
    const std::filesystem::path& directory,
    const std::filesystem::path& by_uuid = "/dev/disk/by-uuid");

// Two names of one kind that differ; names of two kinds say nothing.
[[nodiscard]] bool AreOtherFileSystems(const std::string& a, const std::string& b);

}  // namespace zoowarden::agent
