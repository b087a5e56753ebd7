// What changes whenever a file's content does: a rename into place gives another inode, a write
// another time.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <tuple>

namespace zoowarden::pki {

using FileState = std::tuple<dev_t, ino_t, off_t, time_t, long, time_t, long>;

// nullopt when there is none; errno says why. Follows symbolic links.
[[nodiscard]] inline std::optional<FileState> StateOf(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    return std::nullopt;
  }
  return FileState{info.st_dev,
                   info.st_ino,
                   info.st_size,
                   info.st_mtim.tv_sec,
                   info.st_mtim.tv_nsec,
                   info.st_ctim.tv_sec,
                   info.st_ctim.tv_nsec};
}

}  // namespace zoowarden::pki
