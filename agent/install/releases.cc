#include "agent/install/releases.h"

#include "agent/install/archive.h"
#include "agent/install/release_record.h"
#include "base/text.h"
#include "sys/beneath.h"
#include "sys/digest.h"
#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "sys/space.h"
#include "sys/temporaries.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::string_view kStagePrefix = ".unpack-";
constexpr std::string_view kTrashPrefix = ".old-";
constexpr std::size_t kShortDigits = 8;
constexpr std::size_t kNamedDigits = 16;  // of an archive in a sentence
constexpr std::size_t kSha512Digits = 128;
constexpr std::string_view kServerScript = "bin/zkServer.sh";

// 3.5.5 and later, and the layout before.
std::vector<std::string> TopNames(const model::Version& version) {
  return {"apache-zookeeper-" + version.ToString() + "-bin", "zookeeper-" + version.ToString()};
}

Status CheckComplete(const std::vector<ReleaseFile>& files) {
  for (const auto& file : files) {
    if (file.path == kServerScript && file.executable) {
      return Ok();
    }
  }
  return RefuseArchive("incomplete",
                       "it has no executable " + std::string(kServerScript),
                       "use a binary release, not a source one");
}

// With the archive's name before what is wrong in it.
base::Error OfArchive(const base::Error& error,
                      const model::Version& version,
                      std::string_view sha512) {
  return error.reason().starts_with("archive.")
             ? error.WithContext("archive " + std::string(sha512.substr(0, kNamedDigits)) +
                                 "... of release " + version.ToString() + " is refused")
             : error;
}

Status WriteRecord(const sys::Beneath& stage, const ReleaseRecord& record) {
  ZW_TRY(
      stage.Write(kReleaseRecordName, PrintReleaseRecord(record), 0644, sys::IfPresent::kRefuse));
  ZW_TRY(stage.SetMode(0755));
  return stage.Sync();
}

std::string NameOf(const model::Version& version, std::string_view sha512) {
  return version.ToString() + "-" + std::string(sha512.substr(0, kShortDigits));
}

// What the archive will unpack to as far as its gzip trailer tells (RFC 1952 §2.3.1: the size
// modulo 2^32); one that lies runs into the limits of the policy or the end of the disk.
std::uint64_t UnpackedBytes(int fd, std::uint64_t archive_bytes) {
  constexpr std::size_t kTrailer = 4;
  std::array<unsigned char, kTrailer> bytes{};
  if (archive_bytes < kTrailer || ::pread(fd, bytes.data(), 2, 0) != 2 || bytes[0] != 0x1f ||
      bytes[1] != 0x8b ||
      ::pread(fd, bytes.data(), kTrailer, static_cast<off_t>(archive_bytes - kTrailer)) !=
          ssize_t{kTrailer}) {
    return archive_bytes;
  }
  std::uint64_t size = 0;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    size = size << 8U | *byte;
  }
  return std::min(size, ArchiveLimits{}.bytes);
}

}  // namespace

bool IsSha512(std::string_view text) {
  return text.size() == kSha512Digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<Releases> Releases::Open(ReleasesLayout layout) {
  ZW_TRY(sys::EnsureDirectory(layout.uploads, 0700));
  ZW_TRY(sys::EnsureDirectory(layout.releases, 0755));
  std::error_code error;
  layout.releases = fs::canonical(layout.releases, error);
  if (error) {
    return Fail(sys::ErrnoError("resolve", layout.releases.native(), error.value()));
  }
  ZW_ASSIGN(const auto releases, sys::Beneath::Open(layout.releases));
  ZW_TRY(sys::RemoveLeftovers(releases, {kStagePrefix, kTrashPrefix}));
  return Releases(std::move(layout));
}

// What cannot be seen for want of descriptors may be: its archive is kept.
bool Releases::IsUnpacked(std::string_view sha512) const {
  const std::string suffix = "-" + std::string(sha512.substr(0, kShortDigits));
  std::error_code error;
  for (fs::directory_iterator entry(layout_.releases, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->path().filename().native().ends_with(suffix)) {
      continue;
    }
    const auto record = ReadReleaseRecord(entry->path());
    const bool unseen = !record && record.error().reason() == "process.descriptors";
    if (unseen || (record && record->sha512 == sha512)) {
      return true;
    }
  }
  return error.value() != 0;
}

Result<fs::path> Releases::FindUnpacked(const model::Version& version,
                                        std::string_view sha512) const {
  fs::path place = layout_.releases / NameOf(version, sha512);
  if (!IsSha512(sha512)) {
    return Fail(ErrorCode::kNotFound,
                "release.not_unpacked",
                "'" + base::Printable(sha512, 140) + "' names no release; stage one");
  }
  ZW_TRY(VerifyInstalled(place, version, sha512));
  return place;
}

Result<std::vector<InstalledRelease>> Releases::List() const {
  return ListInstalled(layout_.releases);
}

Result<sys::TempDir> Releases::Remove(const std::string& name) {
  ZW_ASSIGN(const auto releases, sys::Beneath::Open(layout_.releases));
  std::optional<struct stat> there;
  if (IsReleaseName(name)) {
    ZW_ASSIGN(there, releases.Look(name));
  }
  if (!there || !S_ISDIR(there->st_mode)) {
    return Fail(ErrorCode::kNotFound,
                "release.not_unpacked",
                "release '" + base::Printable(name, 60) +
                    "' is not unpacked on this server; list those that are with "
                    "'zoowarden releases list'");
  }
  if (const auto record = ReadReleaseRecord(layout_.releases / name)) {
    ZW_TRY(DropArchive(record->sha512));
  }
  // In one step: half a tree must not pass for a release.
  ZW_ASSIGN(auto trash, sys::TempDir::Create(layout_.releases, kTrashPrefix));
  ZW_TRY(releases.Rename(name, trash.path().filename() / name));
  ZW_TRY(releases.Sync());
  return trash;
}

Result<fs::path> Releases::Unpack(const model::Version& version, std::string_view sha512) {
  auto present = FindUnpacked(version, sha512);
  if (present || !present.error().Is(ErrorCode::kNotFound)) {
    return present;
  }
  // Verified before libarchive sees a byte of it, although UnpackArchive checks again what it
  // really reads.
  ZW_ASSIGN(const fs::path archive, FindArchive(sha512));
  ZW_ASSIGN(const auto uploads, sys::Beneath::Open(layout_.uploads));
  ZW_ASSIGN(const auto releases, sys::Beneath::Open(layout_.releases));
  ZW_ASSIGN(const sys::UniqueFd file, uploads.OpenFile(archive.filename(), O_RDONLY));
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0 || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return Fail(sys::ErrnoError("read", archive.native(), errno));
  }
  const std::uint64_t bytes = UnpackedBytes(file.get(), static_cast<std::uint64_t>(size));
  ZW_TRY(CheckTwice([&] { return sys::CheckSpace(layout_.releases, bytes, layout_.spare_bytes); }));
  ZW_ASSIGN(auto stage, sys::TempDir::Create(layout_.releases, kStagePrefix));
  auto files = UnpackArchive({.archive = file.get(),
                              .sha512 = std::string(sha512),
                              .top_names = TopNames(version),
                              .destination = stage.path(),
                              .limits = {}});
  const Status sound = files ? CheckComplete(*files) : Status(Fail(files.error()));
  if (!sound) {
    return Fail(OfArchive(sound.error(), version, sha512));
  }
  const fs::path staged = stage.path().filename();
  ZW_ASSIGN(const auto inside, releases.Directory(staged));
  ZW_TRY(WriteRecord(inside, {version, std::string(sha512), *std::move(files)}));
  const std::string name = NameOf(version, sha512);
  ZW_TRY(releases.Rename(staged, name, sys::IfPresent::kRefuse));
  static_cast<void>(stage.Release());
  ZW_TRY(releases.Sync());
  return layout_.releases / name;
}

}  // namespace zoowarden::agent
