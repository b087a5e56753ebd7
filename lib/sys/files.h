// Files as the rest of the project needs them: a write is either all there after a power cut or not
// there at all, and a read is bounded. All functions block; none keeps state, so any thread may
// call.
#pragma once

#include "base/error.h"

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace zoowarden::sys {

enum class IfPresent { kReplace, kRefuse };

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

// Writes a temporary file beside `path`, syncs it, renames it into place and syncs the directory.
// On an error no temporary is left and the old file (or its absence) is unchanged, but for one
// case: when syncing the directory fails, the new file is in place and a power cut may still take
// it back. kRefuse fails with kAlreadyExists without a window in which another writer could be
// overwritten.
[[nodiscard]] base::Status WriteFileAtomically(const std::filesystem::path& path,
                                               std::string_view content,
                                               mode_t mode,
                                               IfPresent if_present = IfPresent::kReplace);

// All of it to an open descriptor, whatever interrupts; not synced. `path` is for the error.
[[nodiscard]] base::Status WriteAll(int fd,
                                    std::string_view content,
                                    const std::filesystem::path& path);

// The whole file, or kResourceExhausted when it is larger than `max_bytes`.
[[nodiscard]] base::Result<std::string> ReadFile(const std::filesystem::path& path,
                                                 std::size_t max_bytes);
// The same of a file that somebody else may have put there: nothing is waited for, and what is no
// regular file is kInvalidArgument `file.wrong_kind`.
[[nodiscard]] base::Result<std::string> ReadRegularFile(const std::filesystem::path& path,
                                                        std::size_t max_bytes);

// The same from an open descriptor; `path` is for the error.
[[nodiscard]] base::Result<std::string> ReadDescriptor(int fd,
                                                       const std::filesystem::path& path,
                                                       std::size_t max_bytes);

// Makes entries created, renamed or removed in the directory survive a power cut.
[[nodiscard]] base::Status SyncDirectory(const std::filesystem::path& path);

// Creates the directory (parents too) with `mode`, whatever the umask, for each new one, as
// Beneath::MakeDirectory does; a directory that is there is left as it is. Synced.
[[nodiscard]] base::Status EnsureDirectory(const std::filesystem::path& path, mode_t mode);

// Points the symbolic link `link` to `target` in one rename and syncs its directory. Fails when
// something other than a symbolic link is at `link`.
[[nodiscard]] base::Status ReplaceSymlink(const std::filesystem::path& link,
                                          const std::filesystem::path& target);

// Removes what is at `path`, never following symbolic links. Nothing there is success.
[[nodiscard]] base::Status RemoveTree(const std::filesystem::path& path);

// A directory of mode 0700 that disappears with the object.
class TempDir {
 public:
  // `parent` must exist; the name is `prefix` and six random characters.
  [[nodiscard]] static base::Result<TempDir> Create(const std::filesystem::path& parent,
                                                    std::string_view prefix);
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // The directory stays; its new owner removes it.
  [[nodiscard]] std::filesystem::path Release();

 private:
  explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace zoowarden::sys
