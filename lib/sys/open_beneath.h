// The one call that resolves a name below a directory: by openat2 (Linux 5.6), or, where a filter
// keeps that away, component by component.
#pragma once

#include "sys/fd.h"

#include <sys/types.h>

#include <filesystem>

namespace zoowarden::sys {

// As openat, close-on-exec; invalid, and errno is set: to ELOOP where a symbolic link stands in the
// way (of the last component only without O_PATH | O_NOFOLLOW), EXDEV where the name is absolute or
// has "..".
//
// A seccomp filter cannot look into openat2's arguments, so systemd's RestrictSUIDSGID= lets the
// call fail with ENOSYS (src/shared/seccomp-util.c), and container runtimes that do not know it
// with EPERM. ZooKeeper's own unit, in which the launcher runs, may have either. The other way
// holds the same rule: each component is opened from the one before, and none may be a link.
[[nodiscard]] UniqueFd OpenBeneath(int directory,
                                   const std::filesystem::path& name,
                                   int flags,
                                   mode_t mode);

}  // namespace zoowarden::sys
