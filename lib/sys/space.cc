#include "sys/space.h"

#include "sys/errno_error.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

namespace zoowarden::sys {

base::Status CheckSpace(const std::filesystem::path& path,
                        std::uint64_t bytes,
                        std::uint64_t spare) {
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) {
    return base::Fail(ErrnoError("look at the free space of", path.native(), errno));
  }
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  const std::uint64_t usable = free - std::min(free, spare);
  if (bytes <= usable) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kResourceExhausted,
                    "file.no_space",
                    "the disk of " + path.native() + " lacks " + std::to_string(bytes - usable) +
                        " bytes; free them and try again");
}

}  // namespace zoowarden::sys
