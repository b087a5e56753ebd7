#include "sys/open_beneath.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::sys {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kResolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
constexpr int kStep = O_PATH | O_DIRECTORY;

int CallOpenat2(int directory, const fs::path& name, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = kResolve;
  long opened = -1;
  do {
    opened = ::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof(how));
  } while (opened < 0 && errno == EINTR);
  return static_cast<int>(opened);
}

// EPERM is a file's answer too, but not that of the working directory itself.
bool IsFiltered(int error) {
  if (error == ENOSYS) {
    return true;
  }
  if (error != EPERM) {
    return false;
  }
  const UniqueFd here(CallOpenat2(AT_FDCWD, ".", O_PATH, 0));
  return !here.valid() && errno == EPERM;
}

UniqueFd Fail(int error) {
  errno = error;
  return {};
}

// 0, or what is wrong with the thing itself: its name may be another thing's by now.
int Misfit(int opened, int flags) {
  struct stat status {};
  if (::fstat(opened, &status) != 0) {
    return errno;
  }
  if (S_ISLNK(status.st_mode) && (flags & O_NOFOLLOW) == 0) {
    return ELOOP;
  }
  return (flags & O_DIRECTORY) != 0 && !S_ISDIR(status.st_mode) ? ENOTDIR : 0;
}

// With O_PATH a link is opened itself, and with O_DIRECTORY as well it would be "no directory".
UniqueFd OpenComponent(int parent, const std::string& name, int flags, mode_t mode) {
  const bool is_path = (flags & O_PATH) != 0;
  const int asked = (is_path ? flags & ~O_DIRECTORY : flags) | O_NOFOLLOW | O_CLOEXEC;
  int opened = -1;
  do {
    opened = ::openat(parent, name.c_str(), asked, mode);
  } while (opened < 0 && errno == EINTR);
  UniqueFd held(opened);
  if (held.valid() && is_path) {
    if (const int misfit = Misfit(opened, flags); misfit != 0) {
      return Fail(misfit);
    }
  }
  return held;
}

UniqueFd Walk(int directory, const std::vector<std::string>& components, int flags, mode_t mode) {
  UniqueFd held;
  for (std::size_t i = 0; i + 1 < components.size(); ++i) {
    held = OpenComponent(held.valid() ? held.get() : directory, components[i], kStep, 0);
    if (!held.valid()) {
      return held;
    }
  }
  return OpenComponent(held.valid() ? held.get() : directory, components.back(), flags, mode);
}

UniqueFd Resolve(int directory, const fs::path& name, int flags, mode_t mode) {
  static std::atomic<bool> filtered{false};
  std::vector<std::string> components;
  for (const auto& component : name) {
    if (component == ".." || component == "/") {
      return Fail(EXDEV);
    }
    if (!component.empty()) {
      components.push_back(component);
    }
  }
  if (components.empty()) {
    return Fail(ENOENT);
  }
  if (!filtered.load(std::memory_order_relaxed)) {
    UniqueFd opened(CallOpenat2(directory, name, flags, mode));
    const int error = errno;
    if (opened.valid() || !IsFiltered(error)) {
      errno = error;
      return opened;
    }
    filtered.store(true, std::memory_order_relaxed);
  }
  return Walk(directory, components, flags, mode);
}

bool IsLink(int directory, const fs::path& name) {
  const UniqueFd itself = Resolve(directory, name, O_PATH | O_NOFOLLOW, 0);
  struct stat status {};
  return itself.valid() && ::fstat(itself.get(), &status) == 0 && S_ISLNK(status.st_mode);
}

}  // namespace

UniqueFd OpenBeneath(int directory, const fs::path& name, int flags, mode_t mode) {
  UniqueFd opened = Resolve(directory, name, flags, mode);
  // To be read as a directory, a link is only "no directory" to the kernel.
  const int error = errno;
  if (!opened.valid() && error == ENOTDIR && (flags & O_DIRECTORY) != 0 && (flags & O_PATH) == 0) {
    return Fail(IsLink(directory, name) ? ELOOP : ENOTDIR);
  }
  errno = error;
  return opened;
}

}  // namespace zoowarden::sys
