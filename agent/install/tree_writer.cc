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

std::string ParentOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
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
  ZW_ASSIGN(const auto parent, sys::Beneath::Open(root.parent_path()));
  ZW_ASSIGN(auto directory, parent.Directory(root.filename()));
  return TreeWriter(std::move(directory));
}

Status TreeWriter::MakeDirectory(const std::string& path) {
  if (path.empty() || made_.contains(path)) {
    return Ok();
  }
  ZW_TRY(MakeDirectory(ParentOf(path)));
  // Whatever the umask is: the user who runs ZooKeeper must be able to read it.
  ZW_TRY(root_.MakeDirectory(path, 0755));
  made_.insert(path);
  return Ok();
}

Result<NewFile> TreeWriter::CreateFile(const std::string& path, bool executable) {
  ZW_TRY(MakeDirectory(ParentOf(path)));
  ZW_ASSIGN(sys::UniqueFd file, root_.OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
  if (::fchmod(file.get(), executable ? 0755 : 0644) != 0) {
    return Fail(sys::ErrnoError("set the mode of", path, errno));
  }
  return NewFile(std::move(file), path);
}

Status TreeWriter::SyncDirectories() {
  // In reverse order a child comes before its parent.
  for (auto path = made_.rbegin(); path != made_.rend(); ++path) {
    ZW_ASSIGN(const auto directory, root_.Directory(*path));
    ZW_TRY(directory.Sync());
  }
  return root_.Sync();
}

}  // namespace zoowarden::agent
