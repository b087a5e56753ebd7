#include "agent/install/installed_releases.h"

#include "agent/install/entry_policy.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <algorithm>
#include <system_error>
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

InstalledRelease Describe(const fs::path& directory) {
  InstalledRelease release;
  release.name = directory.filename();
  release.version = model::ParseVersion(release.name.substr(0, release.name.find('-')))
                        .value_or(model::Version{});
  const auto record = ReadReleaseRecord(directory);
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
  ZW_ASSIGN(const std::string text, sys::ReadFile(directory / kReleaseRecordName, kMaxRecordBytes));
  return ParseReleaseRecord(text);
}

Result<std::vector<InstalledRelease>> ListInstalled(const fs::path& releases) {
  std::vector<InstalledRelease> list;
  std::error_code error;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(releases, error)) {
    if (IsReleaseName(entry.path().filename().native()) &&
        fs::is_directory(entry.symlink_status(ignored))) {
      list.push_back(Describe(entry.path()));
    }
  }
  if (error) {
    return Fail(sys::ErrnoError("list", releases.native(), error.value()));
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return std::tie(a.version, a.name) < std::tie(b.version, b.name);
  });
  return list;
}

Status VerifyInstalled(const fs::path& directory,
                       const model::Version& version,
                       std::string_view sha512) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(directory, error))) {
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
  return VerifyTree(directory, record);
}

}  // namespace zoowarden::agent
