// How much may lie in uploads/: whoever may bring archives must not fill the disk that ZooKeeper's
// data may share.
#include "agent/install/release_parts.h"
#include "agent/install/releases.h"
#include "base/text.h"
#include "sys/beneath.h"
#include "sys/space.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace zoowarden::agent {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

fs::path UploadsPath(const fs::path& uploads, std::string_view sha512, std::string_view suffix) {
  return uploads / (std::string(sha512) + std::string(suffix));
}

Result<std::optional<std::uint64_t>> SizeOf(const fs::path& path) {
  ZW_ASSIGN(const auto uploads, sys::Beneath::Open(path.parent_path()));
  ZW_ASSIGN(const auto status, uploads.Look(path.filename()));
  const bool file = status && S_ISREG(status->st_mode);
  return file ? std::optional(static_cast<std::uint64_t>(status->st_size)) : std::nullopt;
}

bool IsWantOfRoom(const base::Error& error) {
  return error.reason() == "upload.no_room" || error.reason() == "file.no_space";
}

Status RemoveOthersLike(const fs::path& keep) {
  ZW_ASSIGN(const auto uploads, sys::Beneath::Open(keep.parent_path()));
  ZW_ASSIGN(const auto names, uploads.Names());
  for (const fs::path name : names) {
    if (name != keep.filename() && name.extension() == keep.extension()) {
      ZW_TRY(uploads.Remove(name));
    }
  }
  return Ok();
}

Result<std::vector<std::string>> Releases::Unused(std::string_view but) const {
  using Written = std::pair<std::int64_t, std::int64_t>;  // seconds, nanoseconds
  std::vector<std::pair<Written, std::string>> unused;
  ZW_ASSIGN(const auto uploads, sys::Beneath::Open(layout_.uploads));
  ZW_ASSIGN(const auto present, uploads.Names());
  for (const fs::path name : present) {
    const std::string sha512 = name.stem();
    if (name.extension() == kArchiveSuffix && IsSha512(sha512) && sha512 != but &&
        !IsUnpacked(sha512)) {
      const auto status = uploads.Look(name);
      const timespec written = status && *status ? (*status)->st_mtim : timespec{};
      unused.emplace_back(Written(written.tv_sec, written.tv_nsec), sha512);
    }
  }
  std::sort(unused.begin(), unused.end());
  std::vector<std::string> names;
  names.reserve(unused.size());
  for (auto& [time, sha512] : unused) {
    names.push_back(std::move(sha512));
  }
  return names;
}

Result<std::vector<StagedArchive>> Releases::Staged() const {
  ZW_ASSIGN(auto unused, Unused({}));
  std::vector<StagedArchive> staged;
  for (std::string& sha512 : unused) {
    ZW_ASSIGN(const auto bytes, SizeOf(PathOf(sha512, kArchiveSuffix)));
    if (bytes) {
      staged.push_back({.sha512 = std::move(sha512), .bytes = *bytes});
    }
  }
  return staged;
}

Status Releases::RemoveStaged(std::string_view sha512) {
  ZW_ASSIGN(const auto unused, Unused({}));
  if (std::find(unused.begin(), unused.end(), sha512) == unused.end()) {
    return Fail(
        ErrorCode::kNotFound,
        "release.not_staged",
        "no archive with SHA-512 " + base::Printable(sha512.substr(0, 16)) +
            "... waits on this server for its run; list what does with 'zoowarden releases list'");
  }
  return DropArchive(sha512);
}

Status Releases::DropUnused(std::size_t keep, std::string_view newest) {
  ZW_ASSIGN(const auto unused, Unused(newest));
  const std::size_t others = newest.empty() ? keep : keep - std::min<std::size_t>(keep, 1);
  for (std::size_t i = 0; i + others < unused.size(); ++i) {
    ZW_TRY(DropArchive(unused[i]));
  }
  return Ok();
}

Status Releases::CheckTwice(const std::function<Status()>& check) const {
  Status fits = check();
  const bool may_come = !fits && fits.error().reason() == "file.no_space" && await_removals_;
  return may_come && await_removals_() ? check() : fits;
}

Status Releases::CheckRoom(std::uint64_t bytes) const {
  std::uint64_t used = 0;
  ZW_ASSIGN(const auto uploads, sys::Beneath::Open(layout_.uploads));
  ZW_ASSIGN(const auto names, uploads.Names());
  for (const fs::path name : names) {
    // A download is bounded by itself, and counts when it has come.
    if (name.extension() != kFetchSuffix) {
      ZW_ASSIGN(const auto size, SizeOf(layout_.uploads / name));
      used += size.value_or(0);
    }
  }
  if (used + bytes > layout_.most_bytes) {
    return Fail(ErrorCode::kResourceExhausted,
                "upload.no_room",
                layout_.uploads.native() + " has " + std::to_string(used) + " bytes, " +
                    std::to_string(bytes) + " more would be over releases.uploads_limit_mib of " +
                    "agent.yaml; remove releases with 'zoowarden releases remove', or raise it");
  }
  return sys::CheckSpace(layout_.uploads, bytes, layout_.spare_bytes);
}

Status Releases::MakeRoom(std::string_view sha512, std::uint64_t bytes) {
  Status fits = CheckTwice([&] { return CheckRoom(bytes); });
  if (fits || !IsWantOfRoom(fits.error())) {
    return fits;
  }
  ZW_ASSIGN(const auto unused, Unused(sha512));
  for (const std::string& oldest : unused) {
    ZW_TRY(DropArchive(oldest));
    fits = CheckRoom(bytes);
    if (fits) {
      return fits;
    }
  }
  ZW_TRY(RemoveOthersLike(PathOf(sha512, kPartSuffix)));  // who sends it begins again
  return CheckRoom(bytes);
}

}  // namespace zoowarden::agent
