#include "sys/beneath.h"

#include "sys/errno_error.h"
#include "sys/open_beneath.h"
#include "sys/temporaries.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>
#include <utility>

namespace zoowarden::sys {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

// Who may only search a directory can resolve names below it: ZooKeeper's user does.
constexpr int kDirectory = O_PATH | O_DIRECTORY;
constexpr int kItself = O_PATH | O_NOFOLLOW;
// Releases and configurations are a handful of levels deep.
constexpr int kDeepest = 200;

tl::unexpected<base::Error> Refuse(const char* doing, const fs::path& path, int error) {
  if (error == ELOOP || error == EXDEV) {
    return Fail(ErrorCode::kFailedPrecondition,
                "path.link",
                "cannot " + std::string(doing) + " " + path.native() +
                    ": it is, or lies behind, a symbolic link, and none is followed there; find "
                    "out who made it and put in its place what it names");
  }
  return Fail(ErrnoError(doing, path.native(), error));
}

// Where a name is an entry of: nothing but the name itself is left to resolve then.
struct Place {
  UniqueFd parent;
  std::string name;
};

Result<Place> PlaceOf(int directory, const fs::path& name, const fs::path& shown) {
  Place place{.parent = {}, .name = name.filename()};
  if (place.name.empty() || place.name == "." || place.name == "..") {
    return Fail(ErrorCode::kInvalidArgument,
                "path.bad_name",
                "'" + shown.native() + "' names no entry of a directory; name one");
  }
  place.parent = name.has_parent_path() ? OpenBeneath(directory, name.parent_path(), kDirectory, 0)
                                        : UniqueFd(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (!place.parent.valid()) {
    return Refuse("open", shown.parent_path(), errno);
  }
  return place;
}

// The content is on disk when this succeeds; the caller removes the temporary otherwise.
Status Fill(int fd,
            const fs::path& shown,
            std::string_view content,
            mode_t mode,
            const std::optional<Owner>& owner) {
  // Before the mode: a change of the owner takes bits from it.
  if (owner && ::fchown(fd, owner->user, owner->group) != 0) {
    return Fail(ErrnoError("change the owner of", shown.native(), errno));
  }
  // Before the content: a secret must not be readable for a moment through a wider mode.
  if (::fchmod(fd, mode) != 0) {
    return Fail(ErrnoError("set the mode of", shown.native(), errno));
  }
  ZW_TRY(WriteAll(fd, content, shown));
  if (::fsync(fd) != 0) {
    return Fail(ErrnoError("sync", shown.native(), errno));
  }
  return Ok();
}

// The descriptors of directories are for names only; reading one moves an offset, too.
int OpenToRead(int directory) {
  return ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

Status SyncDirectory(int directory, const fs::path& shown) {
  const UniqueFd readable(OpenToRead(directory));
  if (!readable.valid() || ::fsync(readable.get()) != 0) {
    return Fail(ErrnoError("sync", shown.native(), errno));
  }
  return Ok();
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

Result<std::vector<std::string>> NamesIn(int fd, const fs::path& shown) {
  const int readable = OpenToRead(fd);
  const std::unique_ptr<DIR, CloseDirectory> directory(readable < 0 ? nullptr
                                                                    : ::fdopendir(readable));
  if (directory == nullptr) {
    return Fail(ErrnoError("list", shown.native(), errno));
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
    errno = 0;
  }
  if (errno != 0) {
    return Fail(ErrnoError("list", shown.native(), errno));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// `deeper`: how many levels may still follow, each of which keeps a descriptor.
Status RemoveEntry(int parent, const std::string& name, const fs::path& shown, int deeper) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) {
    return Ok();
  }
  const int error = errno;
  if (error != EISDIR && error != EPERM) {
    return Fail(ErrnoError("remove", shown.native(), error));
  }
  const UniqueFd directory = OpenBeneath(parent, name, kDirectory, 0);
  if (!directory.valid()) {
    // EPERM was meant: a file that is immutable, say.
    return Refuse("remove", shown, errno == ENOTDIR ? error : errno);
  }
  if (deeper == 0) {
    return Fail(ErrorCode::kFailedPrecondition,
                "path.too_deep",
                shown.native() +
                    " has too many directories inside each other to be removed; find "
                    "out who made them and remove it by hand");
  }
  ZW_ASSIGN(const auto names, NamesIn(directory.get(), shown));
  for (const std::string& inside : names) {
    ZW_TRY(RemoveEntry(directory.get(), inside, shown / inside, deeper - 1));
  }
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return Fail(ErrnoError("remove", shown.native(), errno));
  }
  return Ok();
}

Status RenameTo(const Place& to,
                int from_parent,
                const std::string& from,
                const fs::path& shown,
                IfPresent present) {
  const unsigned int flags = present == IfPresent::kRefuse ? RENAME_NOREPLACE : 0U;
  if (::renameat2(from_parent, from.c_str(), to.parent.get(), to.name.c_str(), flags) != 0) {
    return Fail(ErrnoError("create", shown.native(), errno));
  }
  return Ok();
}

// Of a directory that was just made under a temporary name.
Status GiveModeAndName(const Place& to,
                       const std::string& made,
                       const fs::path& shown,
                       mode_t mode) {
  const int parent = to.parent.get();
  const UniqueFd directory(
      ::openat(parent, made.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const char* name = to.name.c_str();
  // Some file systems of the network cannot refuse, and replace nothing but an empty directory.
  if (directory.valid() && ::fchmod(directory.get(), mode) == 0 &&
      (::renameat2(parent, made.c_str(), parent, name, RENAME_NOREPLACE) == 0 ||
       (errno == EINVAL && ::renameat(parent, made.c_str(), parent, name) == 0))) {
    return Ok();
  }
  const int error = errno;
  ::unlinkat(parent, made.c_str(), AT_REMOVEDIR);
  return Fail(ErrnoError("create directory", shown.native(), error));
}

}  // namespace

Result<Beneath> Beneath::Open(const fs::path& directory) {
  UniqueFd fd(::open(directory.c_str(), kDirectory | O_CLOEXEC));
  if (!fd.valid()) {
    return Fail(ErrnoError("open", directory.native(), errno));
  }
  return Beneath(std::move(fd), directory);
}

Result<Beneath> Beneath::Directory(const fs::path& name) const {
  UniqueFd fd = OpenBeneath(fd_.get(), name, kDirectory, 0);
  if (!fd.valid()) {
    return Refuse("open", path_ / name, errno);
  }
  return Beneath(std::move(fd), path_ / name);
}

Result<UniqueFd> Beneath::OpenFile(const fs::path& name, int flags, mode_t mode) const {
  UniqueFd fd = OpenBeneath(fd_.get(), name, flags, mode);
  if (!fd.valid()) {
    return Refuse((flags & O_CREAT) != 0 ? "create" : "open", path_ / name, errno);
  }
  return fd;
}

Result<std::string> Beneath::Read(const fs::path& name, std::size_t max_bytes) const {
  // O_NONBLOCK: a FIFO in its place must not hold us.
  ZW_ASSIGN(const UniqueFd file, OpenFile(name, O_RDONLY | O_NONBLOCK));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "path.not_a_file",
                (path_ / name).native() + " is not a regular file; put it right");
  }
  return ReadDescriptor(file.get(), path_ / name, max_bytes);
}

Status Beneath::Write(const fs::path& name,
                      std::string_view content,
                      mode_t mode,
                      IfPresent if_present,
                      const std::optional<Owner>& owner) const {
  const fs::path shown = path_ / name;
  ZW_ASSIGN(const Place place, PlaceOf(fd_.get(), name, shown));
  const std::string temporary = TemporaryFor(place.name);
  const int parent = place.parent.get();
  const UniqueFd file(::openat(
      parent, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) {
    return Fail(ErrnoError("create", shown.native(), errno));
  }
  Status status = Fill(file.get(), shown, content, mode, owner);
  if (status) {
    status = RenameTo(place, parent, temporary, shown, if_present);
  }
  if (!status) {
    ::unlinkat(parent, temporary.c_str(), 0);
    return status;
  }
  return SyncDirectory(parent, shown.parent_path());
}

Status Beneath::MakeDirectory(const fs::path& name, mode_t mode) const {
  const fs::path shown = path_ / name;
  ZW_ASSIGN(const Place place, PlaceOf(fd_.get(), name, shown));
  if (IsDirectory(name)) {
    return Ok();
  }
  // A umask leaves the owner's bits alone; what it would take is there before the name is.
  const std::string made = (mode & ~mode_t{S_IRWXU}) == 0 ? place.name : TemporaryFor(place.name);
  const int parent = place.parent.get();
  Status status = Ok();
  if (::mkdirat(parent, made.c_str(), mode & mode_t{S_IRWXU}) != 0) {
    status = Fail(ErrnoError("create directory", shown.native(), errno));
  } else if (made != place.name) {
    status = GiveModeAndName(place, made, shown, mode);
  }
  // Somebody else may have made it since; a file in its place is an error all the same.
  return status || IsDirectory(name) ? Ok() : status;
}

Status Beneath::Rename(const fs::path& from, const fs::path& to, IfPresent if_present) const {
  ZW_ASSIGN(const Place old_place, PlaceOf(fd_.get(), from, path_ / from));
  ZW_ASSIGN(const Place new_place, PlaceOf(fd_.get(), to, path_ / to));
  return RenameTo(new_place, old_place.parent.get(), old_place.name, path_ / to, if_present);
}

Status Beneath::Remove(const fs::path& name) const {
  const fs::path shown = path_ / name;
  const auto place = PlaceOf(fd_.get(), name, shown);
  if (!place && place.error().Is(ErrorCode::kNotFound)) {
    return Ok();
  }
  if (!place) {
    return Fail(place.error());
  }
  return RemoveEntry(place->parent.get(), place->name, shown, kDeepest);
}

Result<std::string> Beneath::ReadLink(const fs::path& name) const {
  const fs::path shown = path_ / name;
  ZW_ASSIGN(const Place place, PlaceOf(fd_.get(), name, shown));
  std::array<char, PATH_MAX> target{};
  const ssize_t size =
      ::readlinkat(place.parent.get(), place.name.c_str(), target.data(), target.size());
  if (size < 0 && errno == ENOENT) {
    return std::string();
  }
  if (size < 0) {
    return Fail(ErrnoError("read the link", shown.native(), errno));
  }
  return std::string(target.data(), static_cast<std::size_t>(size));
}

Status Beneath::ReplaceLink(const fs::path& name, const fs::path& target) const {
  const fs::path shown = path_ / name;
  ZW_ASSIGN(const auto present, Look(name));
  if (present && !S_ISLNK(present->st_mode)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "file.not_a_link",
                shown.native() + " is not a symbolic link; move it away first");
  }
  ZW_ASSIGN(const Place place, PlaceOf(fd_.get(), name, shown));
  const std::string temporary = place.name + ".new";
  // A name left by a crash between symlink and rename is nobody's.
  const int parent = place.parent.get();
  ::unlinkat(parent, temporary.c_str(), 0);
  if (::symlinkat(target.c_str(), parent, temporary.c_str()) != 0) {
    return Fail(ErrnoError("create link", shown.native(), errno));
  }
  if (Status renamed = RenameTo(place, parent, temporary, shown, IfPresent::kReplace); !renamed) {
    ::unlinkat(parent, temporary.c_str(), 0);
    return renamed;
  }
  return SyncDirectory(parent, shown.parent_path());
}

Result<std::optional<struct stat>> Beneath::Look(const fs::path& name) const {
  const UniqueFd itself = OpenBeneath(fd_.get(), name, kItself, 0);
  if (!itself.valid() && errno == ENOENT) {
    return std::optional<struct stat>();
  }
  struct stat status {};
  if (!itself.valid() || ::fstat(itself.get(), &status) != 0) {
    return Refuse("look at", path_ / name, errno);
  }
  return std::optional(status);
}

Status Beneath::RefuseLink(const fs::path& name) const {
  ZW_ASSIGN(const auto status, Look(name));
  return status && S_ISLNK(status->st_mode) ? Status(Refuse("open", path_ / name, ELOOP)) : Ok();
}

bool Beneath::IsFile(const fs::path& name) const {
  const auto status = Look(name);
  return status && *status && S_ISREG((*status)->st_mode);
}

bool Beneath::IsDirectory(const fs::path& name) const {
  const auto status = Look(name);
  return status && *status && S_ISDIR((*status)->st_mode);
}

Status Beneath::Give(const fs::path& name, uid_t user, gid_t group) const {
  const fs::path shown = path_ / name;
  const UniqueFd itself = OpenBeneath(fd_.get(), name, kItself, 0);
  struct stat status {};
  if (!itself.valid() || ::fstat(itself.get(), &status) != 0) {
    return Refuse("change the owner of", shown, errno);
  }
  if (status.st_uid == user && status.st_gid == group) {
    return Ok();
  }
  if (S_ISREG(status.st_mode) && status.st_nlink > 1) {
    return Fail(ErrorCode::kFailedPrecondition,
                "path.hard_link",
                shown.native() +
                    " has other names (hard links), which would change their owner with it; find "
                    "out who made it and remove it");
  }
  if (::fchownat(itself.get(), "", user, group, AT_EMPTY_PATH) != 0) {
    return Fail(ErrnoError("change the owner of", shown.native(), errno));
  }
  return Ok();
}

Result<std::vector<std::string>> Beneath::Names() const { return NamesIn(fd_.get(), path_); }

Status Beneath::SetMode(mode_t mode) const {
  if (::fchmodat(fd_.get(), ".", mode, 0) != 0) {
    return Fail(ErrnoError("set the mode of", path_.native(), errno));
  }
  return Ok();
}

Status Beneath::Sync() const { return SyncDirectory(fd_.get(), path_); }

Result<UniqueFd> OpenInDirectory(const fs::path& file, int flags, mode_t mode) {
  ZW_ASSIGN(const auto directory, Beneath::Open(file.parent_path()));
  return directory.OpenFile(file.filename(), flags, mode);
}

}  // namespace zoowarden::sys
