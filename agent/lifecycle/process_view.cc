#include "agent/lifecycle/process_view.h"

#include "agent/lifecycle/process_rights.h"
#include "sys/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel

base::ErrorCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
      return base::ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
      return base::ErrorCode::kPermissionDenied;
    default:
      return base::ErrorCode::kUnavailable;
  }
}

// A process has a root and a working directory: without them nothing is said of its files.
int NeverGone(int error) { return error == ENOENT ? EIO : error; }

tl::unexpected<base::Error> FailAt(const fs::path& path, int error) {
  const base::ErrorCode code = CodeOf(error);
  const bool denied = code == base::ErrorCode::kPermissionDenied;
  return base::Fail(code,
                    "cannot open " + path.string() + ": " + std::generic_category().message(error) +
                        (denied ? AskRoot() : ""));
}

bool IsSame(int a, int b) {
  struct stat first {};
  struct stat second {};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

// Opens one component after the other: the kernel would follow an absolute link from our own root.
class Walk {
 public:
  Walk(int root, int start) : root_(root), at_(fcntl(start, F_DUPFD_CLOEXEC, 0)) {}

  // Invalid, and errno is set.
  sys::UniqueFd To(const fs::path& path) {
    parts_.assign(path.begin(), path.end());
    while (at_.valid() && !parts_.empty()) {
      const fs::path part = std::exchange(parts_.front(), {});
      parts_.pop_front();
      if (part.is_absolute()) {
        at_ = sys::UniqueFd(fcntl(root_, F_DUPFD_CLOEXEC, 0));
      } else if (!part.empty() && part != "." && (part != ".." || !IsSame(at_.get(), root_))) {
        Step(part);
      }
    }
    return std::move(at_);
  }

 private:
  void Step(const fs::path& part) {
    sys::UniqueFd next(openat(at_.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    const bool link = next.valid() && fstat(next.get(), &status) == 0 && S_ISLNK(status.st_mode);
    if (!link) {
      at_ = std::move(next);
      return;
    }
    std::array<char, 4096> target{};
    const ssize_t size = readlinkat(next.get(), "", target.data(), target.size());
    if (size <= 0 || ++links_ > kMostLinks) {
      at_.Reset();
      errno = ELOOP;
      return;
    }
    const fs::path to(std::string(target.data(), static_cast<std::size_t>(size)));
    parts_.insert(parts_.begin(), to.begin(), to.end());
  }

  int root_;
  sys::UniqueFd at_;
  std::deque<fs::path> parts_;
  int links_ = 0;
};

sys::UniqueFd OpenDirectory(const fs::path& path) {
  return sys::UniqueFd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

ProcessView::ProcessView(const fs::path& proc, std::int32_t pid)
    : proc_(proc),
      directory_(proc / std::to_string(pid)),
      root_(OpenDirectory(directory_ / "root")) {
  root_error_ = root_.valid() ? 0 : errno;
}

base::Result<sys::UniqueFd> ProcessView::Open(const fs::path& path, int flags) const {
  if (root_error_ == EACCES || root_error_ == EPERM) {
    return OpenOurselves(path, flags);
  }
  if (!root_.valid()) {
    return FailAt(directory_ / "root", NeverGone(root_error_));
  }
  const sys::UniqueFd directory =
      path.is_relative() ? OpenDirectory(directory_ / "cwd") : sys::UniqueFd();
  if (path.is_relative() && !directory.valid()) {
    return FailAt(directory_ / "cwd", NeverGone(errno));
  }
  sys::UniqueFd place =
      Walk(root_.get(), path.is_relative() ? directory.get() : root_.get()).To(path);
  if (!place.valid()) {
    return FailAt(path, errno);
  }
  if ((flags & O_PATH) != 0) {
    return place;
  }
  // By the name of the descriptor, which no exchange of names can change any more.
  const fs::path same = fs::path("/proc/self/fd") / std::to_string(place.get());
  sys::UniqueFd file(open(same.c_str(), flags | O_CLOEXEC));
  if (!file.valid()) {
    return FailAt(path, errno);
  }
  return file;
}

base::Result<sys::UniqueFd> ProcessView::OpenOurselves(const fs::path& path, int flags) const {
  if (path.is_relative()) {
    return FailAt(directory_ / "cwd", EACCES);
  }
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  const auto theirs = error ? std::nullopt : Mounts().Find(real);
  if (!theirs || theirs != OurMounts().Find(real)) {
    return base::Fail(base::ErrorCode::kPermissionDenied,
                      "it sees other file systems at " + path.string() +
                          " than this agent, which may not look at them" + AskRoot());
  }
  sys::UniqueFd file(open(real.c_str(), flags | O_CLOEXEC));
  if (!file.valid()) {
    return FailAt(path, errno);
  }
  return file;
}

base::Result<struct stat> ProcessView::Look(const fs::path& path) const {
  ZW_ASSIGN(const sys::UniqueFd place, Open(path, O_PATH));
  struct stat status {};
  if (fstat(place.get(), &status) != 0) {
    return FailAt(path, errno);
  }
  return status;
}

base::Result<std::string> ProcessView::Read(const fs::path& path, std::size_t max_bytes) const {
  ZW_ASSIGN(const struct stat status, Look(path));
  if (S_ISDIR(status.st_mode) || S_ISBLK(status.st_mode) || S_ISCHR(status.st_mode)) {
    return base::Fail(base::ErrorCode::kNotFound, path.string() + " is no file");
  }
  ZW_ASSIGN(const sys::UniqueFd file, Open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat opened {};
  if (fstat(file.get(), &opened) != 0 || !S_ISREG(opened.st_mode)) {
    return base::Fail(base::ErrorCode::kUnavailable, path.string() + " is no regular file");
  }
  return sys::ReadDescriptor(file.get(), path, max_bytes);
}

bool ProcessView::HasOurRoot() const {
  if (!root_.valid()) {
    const auto ours = OurMounts().Find("/");
    return ours && ours == Mounts().Find("/");
  }
  const sys::UniqueFd ours = OpenDirectory("/");
  return ours.valid() && IsSame(ours.get(), root_.get());
}

bool ProcessView::MayReach(const fs::path& ours) const {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(ours, error);
  const auto place = error ? std::nullopt : OurMounts().Find(real);
  return !place || Mounts().MayReach(*place);
}

MountTable ProcessView::Mounts() const { return MountTable::Read(directory_ / "mountinfo"); }

MountTable ProcessView::OurMounts() const { return MountTable::Read(proc_ / "self" / "mountinfo"); }

}  // namespace zoowarden::agent
