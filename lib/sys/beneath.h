// Names below a directory that belongs to the program, resolved by OpenBeneath (open_beneath.h): no
// symbolic link is followed and nothing outside is reached, whatever somebody else exchanges there
// meanwhile. The directory itself is named by the operator; links that lead to it are
// followed once, when it is opened. All functions block; none keeps more than the descriptor, so
// any thread may call.
//
// Error of all: kFailedPrecondition `path.link` where a link stands in the way.
#pragma once

#include "base/error.h"
#include "sys/fd.h"
#include "sys/files.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::sys {

class Beneath {
 public:
  [[nodiscard]] static base::Result<Beneath> Open(const std::filesystem::path& directory);

  // As it was named, for messages.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  [[nodiscard]] base::Result<Beneath> Directory(const std::filesystem::path& name) const;

  // Names are relative and may have several components. Close-on-exec is set.
  [[nodiscard]] base::Result<UniqueFd> OpenFile(const std::filesystem::path& name,
                                                int flags,
                                                mode_t mode = 0) const;

  // A regular file, whole, or kResourceExhausted `file.too_large`. Anything else there is
  // kFailedPrecondition `path.not_a_file`, and is not waited for.
  [[nodiscard]] base::Result<std::string> Read(const std::filesystem::path& name,
                                               std::size_t max_bytes) const;

  // As WriteFileAtomically. With an owner it has never another one under this name.
  [[nodiscard]] base::Status Write(const std::filesystem::path& name,
                                   std::string_view content,
                                   mode_t mode,
                                   IfPresent if_present = IfPresent::kReplace,
                                   const std::optional<Owner>& owner = std::nullopt) const;

  // One directory, whatever the umask; one that is there is left as it is, and a kill leaves none
  // with less than its mode. Not synced.
  [[nodiscard]] base::Status MakeDirectory(const std::filesystem::path& name, mode_t mode) const;

  // Both parents are resolved; not synced. A link that has the name is itself renamed or replaced.
  [[nodiscard]] base::Status Rename(const std::filesystem::path& from,
                                    const std::filesystem::path& to,
                                    IfPresent if_present = IfPresent::kReplace) const;

  // With everything in it. A link is removed, not followed; nothing there is success. Not synced.
  // kFailedPrecondition `path.too_deep`: more levels than any release has.
  [[nodiscard]] base::Status Remove(const std::filesystem::path& name) const;

  // What a symbolic link says, empty when nothing is there.
  [[nodiscard]] base::Result<std::string> ReadLink(const std::filesystem::path& name) const;
  // As ReplaceSymlink of files.h.
  [[nodiscard]] base::Status ReplaceLink(const std::filesystem::path& name,
                                         const std::filesystem::path& target) const;

  // What has the name, a link itself too; nullopt when nothing has.
  [[nodiscard]] base::Result<std::optional<struct stat>> Look(
      const std::filesystem::path& name) const;
  // For what another library opens by its path.
  [[nodiscard]] base::Status RefuseLink(const std::filesystem::path& name) const;
  [[nodiscard]] bool IsFile(const std::filesystem::path& name) const;
  [[nodiscard]] bool IsDirectory(const std::filesystem::path& name) const;

  // Gives it (a link itself too) to that owner. A file that has other names is refused
  // (`path.hard_link`): who put it there would be given those too.
  [[nodiscard]] base::Status Give(const std::filesystem::path& name, uid_t user, gid_t group) const;

  // The entries of the directory itself, sorted.
  [[nodiscard]] base::Result<std::vector<std::string>> Names() const;
  [[nodiscard]] base::Status SetMode(mode_t mode) const;
  [[nodiscard]] base::Status Sync() const;

 private:
  Beneath(UniqueFd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  UniqueFd fd_;
  std::filesystem::path path_;
};

// Of one name: opens the directory that the path names, and the file in it through no link.
[[nodiscard]] base::Result<UniqueFd> OpenInDirectory(const std::filesystem::path& file,
                                                     int flags,
                                                     mode_t mode = 0);

}  // namespace zoowarden::sys
