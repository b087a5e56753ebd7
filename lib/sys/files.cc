#include "sys/files.h"

#include "base/log.h"
#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/temporaries.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace zoowarden::sys {
namespace {

namespace fs = std::filesystem;

// The content is on disk when this succeeds; the caller removes the temporary otherwise.
base::Status FillTemporary(int fd,
                           const fs::path& temporary,
                           std::string_view content,
                           mode_t mode) {
  // Before the content: a secret must not be readable for a moment through a wider mode.
  if (::fchmod(fd, mode) != 0) {
    return base::Fail(ErrnoError("set the mode of", temporary.native(), errno));
  }
  ZW_TRY(WriteAll(fd, content, temporary));
  if (::fsync(fd) != 0) {
    return base::Fail(ErrnoError("sync", temporary.native(), errno));
  }
  return base::Ok();
}

base::Status Rename(const fs::path& from, const fs::path& to, IfPresent if_present) {
  const unsigned int flags = if_present == IfPresent::kRefuse ? RENAME_NOREPLACE : 0U;
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) != 0) {
    const int error = errno;
    return base::Fail(ErrnoError("create", to.native(), error));
  }
  return base::Ok();
}

fs::path DirectoryOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

base::Status WriteAll(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return base::Fail(ErrnoError("write", path.native(), errno));
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return base::Ok();
}

base::Status WriteFileAtomically(const fs::path& path,
                                 std::string_view content,
                                 mode_t mode,
                                 IfPresent if_present) {
  std::string temporary = path.native() + std::string(kTemporaryMark) + "XXXXXX";
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.valid()) {
    return base::Fail(ErrnoError("create", path.native(), errno));
  }
  base::Status status = FillTemporary(file.get(), temporary, content, mode);
  if (status) {
    status = Rename(temporary, path, if_present);
  }
  if (!status) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncDirectory(DirectoryOf(path));
}

base::Result<std::string> ReadFile(const fs::path& path, std::size_t max_bytes) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return base::Fail(ErrnoError("read", path.native(), errno));
  }
  std::string content;
  std::array<char, 64 * 1024> piece{};
  while (true) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got == 0) {
      return content;
    }
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return base::Fail(ErrnoError("read", path.native(), errno));
    }
    if (content.size() + static_cast<std::size_t>(got) > max_bytes) {
      return base::Fail(base::ErrorCode::kResourceExhausted,
                        "file.too_large",
                        path.native() + " is larger than " + std::to_string(max_bytes) +
                            " bytes; check that it is the right file");
    }
    content.append(piece.data(), static_cast<std::size_t>(got));
  }
}

base::Status SyncDirectory(const fs::path& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return base::Fail(ErrnoError("open", path.native(), errno));
  }
  if (::fsync(directory.get()) != 0) {
    return base::Fail(ErrnoError("sync", path.native(), errno));
  }
  return base::Ok();
}

base::Status EnsureDirectory(const fs::path& path, mode_t mode) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    return base::Ok();
  }
  if (path.has_relative_path() && path.has_parent_path() && path.parent_path() != path) {
    ZW_TRY(EnsureDirectory(path.parent_path(), mode));
  }
  if (::mkdir(path.c_str(), mode) != 0) {
    const int error = errno;
    // Somebody else may have made it since; a file in its place is an error all the same.
    if (error == EEXIST && fs::is_directory(path, ignored)) {
      return base::Ok();
    }
    return base::Fail(ErrnoError("create directory", path.native(), error));
  }
  // A service's umask of 0077 would close to ZooKeeper's user what is meant for it.
  const UniqueFd made(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made.valid() || ::fchmod(made.get(), mode) != 0) {
    return base::Fail(ErrnoError("set the mode of", path.native(), errno));
  }
  return SyncDirectory(DirectoryOf(path));
}

base::Status ReplaceSymlink(const fs::path& link, const fs::path& target) {
  struct stat present {};
  if (::lstat(link.c_str(), &present) == 0 && !S_ISLNK(present.st_mode)) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "file.not_a_link",
                      link.native() + " is not a symbolic link; move it away first");
  }
  const fs::path temporary = link.native() + ".new";
  // A name left by a crash between symlink and rename is nobody's.
  ::unlink(temporary.c_str());
  if (::symlink(target.c_str(), temporary.c_str()) != 0) {
    return base::Fail(ErrnoError("create link", temporary.native(), errno));
  }
  if (base::Status renamed = Rename(temporary, link, IfPresent::kReplace); !renamed) {
    ::unlink(temporary.c_str());
    return renamed;
  }
  return SyncDirectory(DirectoryOf(link));
}

base::Status RemoveTree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) {
    return base::Fail(ErrnoError("remove", path.native(), error.value()));
  }
  return base::Ok();
}

base::Status RemoveLeftovers(const fs::path& directory,
                             std::initializer_list<std::string_view> prefixes) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename();
    const bool left = std::any_of(prefixes.begin(), prefixes.end(), [&name](const auto prefix) {
      return name.starts_with(prefix);
    });
    if (left) {
      ZW_TRY(RemoveTree(entry.path()));
    }
  }
  return error ? base::Status(base::Fail(ErrnoError("list", directory.native(), error.value())))
               : base::Ok();
}

base::Result<TempDir> TempDir::Create(const fs::path& parent, std::string_view prefix) {
  std::string name = (parent / prefix).native() + "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    return base::Fail(ErrnoError("create a directory in", parent.native(), errno));
  }
  return TempDir(fs::path(name));
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TempDir::~TempDir() {
  if (path_.empty()) {
    return;
  }
  if (const base::Status removed = RemoveTree(path_); !removed) {
    base::LogWarn(removed.error().message());
  }
}

fs::path TempDir::Release() { return std::exchange(path_, {}); }

}  // namespace zoowarden::sys
