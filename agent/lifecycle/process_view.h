// Files as another process sees them: from its root, its working directory and its mounts, which a
// container or a sandboxed unit has of its own.
//
// Where this user may not look through /proc/PID/root, a path is opened as we see it, if the tables
// of mounts say that it is the same place. Functions block; values of one look.
#pragma once

#include "agent/lifecycle/mount_table.h"
#include "base/error.h"
#include "sys/fd.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace zoowarden::agent {

class ProcessView {
 public:
  ProcessView(const std::filesystem::path& proc, std::int32_t pid);

  // Links are followed as the process would. kNotFound; kPermissionDenied: it may not be looked at,
  // the message says what and why; anything else: it could not.
  [[nodiscard]] base::Result<sys::UniqueFd> Open(const std::filesystem::path& path,
                                                 int flags) const;
  [[nodiscard]] base::Result<struct stat> Look(const std::filesystem::path& path) const;
  // Of a regular file; nothing is waited for. kNotFound also for a directory or a device, which no
  // program has read as a text; kUnavailable for a FIFO or a socket.
  [[nodiscard]] base::Result<std::string> Read(const std::filesystem::path& path,
                                               std::size_t max_bytes) const;
  // Paths mean what they mean to us, apart from file systems that were mounted over some.
  [[nodiscard]] bool HasOurRoot() const;
  // False: no mount of the process leads to our directory, nor to anything above or in it.
  [[nodiscard]] bool MayReach(const std::filesystem::path& ours) const;

 private:
  [[nodiscard]] base::Result<sys::UniqueFd> OpenOurselves(const std::filesystem::path& path,
                                                          int flags) const;
  [[nodiscard]] MountTable Mounts() const;
  [[nodiscard]] MountTable OurMounts() const;

  std::filesystem::path proc_;
  std::filesystem::path directory_;
  sys::UniqueFd root_;
  int root_error_ = 0;
};

}  // namespace zoowarden::agent
