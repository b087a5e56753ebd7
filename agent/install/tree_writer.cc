#include "agent/install/tree_writer.h"

#include "base/text.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace zoowarden::agent {
namespace {

using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct SplitPath {
  std::string parent;
  std::string name;
};

SplitPath SplitLast(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? SplitPath{"", path}
                                    : SplitPath{path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

Status NewFile::Append(std::string_view bytes) { return sys::WriteAll(fd_.get(), bytes, path_); }

Status NewFile::Finish() {
  if (::fsync(fd_.get()) != 0) {
    return Fail(sys::ErrnoError("sync", path_, errno));
  }
  fd_.Reset();
  return Ok();
}

Result<TreeWriter> TreeWriter::Open(const std::filesystem::path& root) {
  sys::UniqueFd fd(::open(root.c_str(), kDirectoryFlags));
  if (!fd.valid()) {
    return Fail(sys::ErrnoError("open", root.native(), errno));
  }
  return TreeWriter(std::move(fd));
}

Result<sys::UniqueFd> TreeWriter::OpenDirectory(const std::string& path) const {
  sys::UniqueFd at(::openat(root_.get(), ".", kDirectoryFlags));
  for (const auto part : base::Split(path, '/')) {
    if (at.valid() && !part.empty()) {
      at = sys::UniqueFd(::openat(at.get(), std::string(part).c_str(), kDirectoryFlags));
    }
  }
  if (!at.valid()) {
    return Fail(sys::ErrnoError("open", path, errno));
  }
  return at;
}

Status TreeWriter::MakeDirectory(const std::string& path) {
  if (path.empty() || made_.contains(path)) {
    return Ok();
  }
  const auto [parent, name] = SplitLast(path);
  ZW_TRY(MakeDirectory(parent));
  ZW_ASSIGN(const auto at, OpenDirectory(parent));
  if (::mkdirat(at.get(), name.c_str(), 0755) != 0) {
    return Fail(sys::ErrnoError("create directory", path, errno));
  }
  made_.insert(path);
  // Whatever the umask is: the user who runs ZooKeeper must be able to read it.
  ZW_ASSIGN(const auto made, OpenDirectory(path));
  if (::fchmod(made.get(), 0755) != 0) {
    return Fail(sys::ErrnoError("set the mode of", path, errno));
  }
  return Ok();
}

Result<NewFile> TreeWriter::CreateFile(const std::string& path, bool executable) {
  const auto [parent, name] = SplitLast(path);
  ZW_TRY(MakeDirectory(parent));
  ZW_ASSIGN(const auto at, OpenDirectory(parent));
  sys::UniqueFd file(
      ::openat(at.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) {
    return Fail(sys::ErrnoError("create", path, errno));
  }
  if (::fchmod(file.get(), executable ? 0755 : 0644) != 0) {
    return Fail(sys::ErrnoError("set the mode of", path, errno));
  }
  return NewFile(std::move(file), path);
}

Status TreeWriter::SyncDirectories() {
  // In reverse order a child comes before its parent.
  for (auto path = made_.rbegin(); path != made_.rend(); ++path) {
    ZW_ASSIGN(const auto directory, OpenDirectory(*path));
    if (::fsync(directory.get()) != 0) {
      return Fail(sys::ErrnoError("sync", *path, errno));
    }
  }
  if (::fsync(root_.get()) != 0) {
    return Fail(sys::ErrnoError("sync", "the directory unpacked into", errno));
  }
  return Ok();
}

}  // namespace zoowarden::agent
