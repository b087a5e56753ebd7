#include "agent/install/installed_releases.h"

#include "agent/install/entry_policy.h"
#include "sys/beneath.h"

#include <algorithm>
#include <tuple>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Status;

constexpr std::size_t kShortDigits = 8;
constexpr std::size_t kMaxRecordBytes = 16 * 1024 * 1024;

InstalledRelease Describe(const fs::path& releases, const std::string& name) {
  InstalledRelease release;
  release.name = name;
  release.version = model::ParseVersion(release.name.substr(0, release.name.find('-')))
                        .value_or(model::Version{});
  const auto record = ReadReleaseRecord(releases / name);
  if (!record) {
    release.problem_reason = record.error().reason();
    release.problem = record.error().message();
    return release;
  }
  release.version = record->version;
  release.sha512 = record->sha512;
  release.files = record->files.size();
  for (const auto& file : record->files) {
    release.bytes += file.size;
  }
  return release;
}

}  // namespace

bool IsReleaseName(std::string_view name) {
  const auto dash = name.find('-');
  if (dash == std::string_view::npos || name.size() - dash - 1 != kShortDigits ||
      name.find_first_not_of("0123456789abcdef", dash + 1) != std::string_view::npos) {
    return false;
  }
  const auto version = model::ParseVersion(name.substr(0, dash));
  return version && version->ToString() == name.substr(0, dash);
}

Result<ReleaseRecord> ReadReleaseRecord(const fs::path& directory) {
  ZW_ASSIGN(const auto releases, sys::Beneath::Open(directory.parent_path()));
  ZW_ASSIGN(const std::string text,
            releases.Read(directory.filename() / kReleaseRecordName, kMaxRecordBytes));
  return ParseReleaseRecord(text);
}

Result<std::vector<InstalledRelease>> ListInstalled(const fs::path& releases) {
  ZW_ASSIGN(const auto directory, sys::Beneath::Open(releases));
  ZW_ASSIGN(const auto names, directory.Names());
  std::vector<InstalledRelease> list;
  for (const std::string& name : names) {
    if (!IsReleaseName(name)) {
      continue;
    }
    ZW_ASSIGN(const auto there, directory.Look(name));
    if (there && S_ISDIR(there->st_mode)) {
      list.push_back(Describe(releases, name));
    }
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return std::tie(a.version, a.name) < std::tie(b.version, b.name);
  });
  return list;
}

Status VerifyInstalled(const fs::path& directory,
                       const model::Version& version,
                       std::string_view sha512) {
  const auto releases = sys::Beneath::Open(directory.parent_path());
  if (!releases && !releases.error().Is(ErrorCode::kNotFound)) {
    return Fail(releases.error());
  }
  std::optional<struct stat> there;
  if (releases) {
    ZW_ASSIGN(there, releases->Look(directory.filename()));
  }
  if (!there || !S_ISDIR(there->st_mode)) {
    return Fail(ErrorCode::kNotFound,
                "release.not_unpacked",
                "release " + version.ToString() + " is not unpacked on this server; stage it");
  }
  ZW_ASSIGN(const auto record, ReadReleaseRecord(directory));
  if (record.sha512 != sha512 || record.version != version) {
    return Fail(ErrorCode::kFailedPrecondition,
                "release.name_taken",
                directory.native() + " holds another archive's release; move it away first");
  }
  ZW_ASSIGN(const auto tree, releases->Directory(directory.filename()));
  return VerifyTree(tree, record);
}

}  // namespace zoowarden::agent
