#include "agent/lifecycle/file_system.h"

#include "base/text.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include <array>
#include <cstring>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

constexpr decltype(statfs::f_type) kExt4 = 0xEF53;
constexpr decltype(statfs::f_type) kBtrfs = 0x9123683E;

std::string UuidOf(dev_t device, const fs::path& by_uuid) {
  std::error_code error;
  for (fs::directory_iterator entry(by_uuid, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat status {};
    if (stat(entry->path().c_str(), &status) == 0 && S_ISBLK(status.st_mode) &&
        status.st_rdev == device) {
      return "uuid:" + entry->path().filename().string();
    }
  }
  return "";
}

std::string FsidOf(const fs::path& directory) {
  struct statfs status {};
  if (statfs(directory.c_str(), &status) != 0 ||
      (status.f_type != kExt4 && status.f_type != kBtrfs)) {
    return "";
  }
  std::array<unsigned char, sizeof(status.f_fsid)> bytes{};
  std::memcpy(bytes.data(), &status.f_fsid, sizeof(status.f_fsid));
  return "fsid:" + base::Hex(bytes);
}

}  // namespace

base::Result<FileSystem> FileSystemOf(const fs::path& directory, const fs::path& by_uuid) {
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return base::Fail(
        base::ErrorCode::kFailedPrecondition,
        "start.no_data_directory",
        directory.string() + " is not a directory that can be read; mount or create it");
  }
  const std::string uuid = UuidOf(status.st_dev, by_uuid);
  return FileSystem{.device = status.st_dev, .name = uuid.empty() ? FsidOf(directory) : uuid};
}

bool AreOtherFileSystems(const std::string& a, const std::string& b) {
  const auto kind = [](const std::string& name) { return name.substr(0, name.find(':')); };
  return !a.empty() && !b.empty() && kind(a) == kind(b) && a != b;
}

}  // namespace zoowarden::agent
