#include "sys/files.h"

#include "base/log.h"
#include "sys/beneath.h"
#include "sys/errno_error.h"
#include "sys/fd.h"

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
  ZW_ASSIGN(const auto directory, Beneath::Open(DirectoryOf(path)));
  return directory.Write(path.filename(), content, mode, if_present);
}

base::Result<std::string> ReadFile(const fs::path& path, std::size_t max_bytes) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return base::Fail(ErrnoError("read", path.native(), errno));
  }
  return ReadDescriptor(file.get(), path, max_bytes);
}

base::Result<std::string> ReadRegularFile(const fs::path& path, std::size_t max_bytes) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) {
    return base::Fail(ErrnoError("read", path.native(), errno));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return base::Fail(ErrnoError("read", path.native(), errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "file.wrong_kind",
                      path.native() + " is no regular file; check what is at the path");
  }
  return ReadDescriptor(file.get(), path, max_bytes);
}

base::Result<std::string> ReadDescriptor(int fd, const fs::path& path, std::size_t max_bytes) {
  std::string content;
  std::array<char, 64 * 1024> piece{};
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
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
  // Of "a/b/" that is all.
  if (fs::is_directory(path, ignored)) {
    return base::Ok();
  }
  ZW_ASSIGN(const auto parent, Beneath::Open(DirectoryOf(path)));
  ZW_TRY(parent.MakeDirectory(path.filename(), mode));
  return parent.Sync();
}

base::Status ReplaceSymlink(const fs::path& link, const fs::path& target) {
  ZW_ASSIGN(const auto directory, Beneath::Open(DirectoryOf(link)));
  return directory.ReplaceLink(link.filename(), target);
}

base::Status RemoveTree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) {
    return base::Fail(ErrnoError("remove", path.native(), error.value()));
  }
  return base::Ok();
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
