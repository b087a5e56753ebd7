// How archives get into uploads/: in chunks from the controller, or out of an allowed directory.
#include "agent/install/release_parts.h"
#include "agent/install/releases.h"
#include "base/log.h"
#include "base/text.h"
#include "sys/beneath.h"
#include "sys/digest.h"
#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <optional>
#include <system_error>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::size_t kMaxCandidates = 256;
constexpr std::size_t kShownDigits = 16;

Status CheckSha512(std::string_view sha512) {
  if (!IsSha512(sha512)) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "release.bad_digest",
        "'" + base::Printable(sha512, 140) +
            "' is no SHA-512; write the 128 lower-case hexadecimal digits of its SHA-512 into "
            "release.sha512 of ensemble.yaml");
  }
  return Ok();
}

Status AppendToFile(const fs::path& path, std::string_view bytes) {
  ZW_ASSIGN(const sys::UniqueFd file,
            sys::OpenInDirectory(path, O_WRONLY | O_CREAT | O_APPEND, 0600));
  return sys::WriteAll(file.get(), bytes, path);
}

// Calls `use` with every piece of the first `size` bytes: who may write to the file cannot make it
// endless.
Status ReadPieces(int fd,
                  std::uint64_t size,
                  const fs::path& path,
                  const std::function<Status(std::string_view)>& use) {
  std::array<char, kMaxChunkBytes> piece{};
  while (size > 0) {
    const ssize_t got = ::read(fd, piece.data(), std::min<std::uint64_t>(piece.size(), size));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return Fail(sys::ErrnoError("read", path.native(), errno));
    }
    if (got == 0) {
      break;
    }
    ZW_TRY(use({piece.data(), static_cast<std::size_t>(got)}));
    size -= static_cast<std::uint64_t>(got);
  }
  return Ok();
}

// A directory that is not there, or cannot be read, holds no archive; what this process lacks
// itself says nothing of it.
Result<std::vector<fs::path>> ArchivesIn(const std::vector<fs::path>& directories) {
  std::vector<fs::path> archives;
  for (const auto& directory : directories) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename();
      if (name.ends_with(".tar.gz") || name.ends_with(".tgz")) {
        archives.push_back(entry->path());
      }
    }
    if (error == std::errc::too_many_files_open ||
        error == std::errc::too_many_files_open_in_system ||
        error == std::errc::not_enough_memory) {
      return Fail(sys::ErrnoError("list", directory.native(), error.value()));
    }
  }
  std::sort(archives.begin(), archives.end());
  archives.resize(std::min(archives.size(), kMaxCandidates));
  return archives;
}

struct Candidate {
  sys::UniqueFd fd;
  std::uint64_t size = 0;
  std::string key;  // changes when the file does
};

// A regular file of a plausible size; nullopt for everything else, whatever the cause.
std::optional<Candidate> OpenCandidate(const fs::path& path) {
  auto file = sys::OpenInDirectory(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) > kMaxArchiveBytes) {
    return std::nullopt;
  }
  Candidate candidate{.fd = *std::move(file)};
  candidate.size = static_cast<std::uint64_t>(status.st_size);
  candidate.key = path.native() + '\n' + std::to_string(status.st_ino) + '\n' +
                  std::to_string(status.st_size) + '\n' + std::to_string(status.st_mtim.tv_sec) +
                  '.' + std::to_string(status.st_mtim.tv_nsec);
  return candidate;
}

Result<std::string> DigestOpenFile(int fd, std::uint64_t size, const fs::path& path) {
  sys::Hasher hasher(sys::Hash::kSha512);
  ZW_TRY(ReadPieces(fd, size, path, [&](std::string_view bytes) {
    hasher.Update(bytes);
    return Ok();
  }));
  return hasher.Finish();
}

Result<std::string> CachedDigest(const Candidate& candidate,
                                 const fs::path& path,
                                 std::map<std::string, std::string>& known) {
  std::string& digest = known[candidate.key];
  if (digest.empty()) {
    ZW_ASSIGN(digest, DigestOpenFile(candidate.fd.get(), candidate.size, path));
  }
  return digest;
}

Status CopyOpenFile(const Candidate& candidate, const fs::path& from, const fs::path& to) {
  if (::lseek(candidate.fd.get(), 0, SEEK_SET) != 0) {
    return Fail(sys::ErrnoError("read", from.native(), errno));
  }
  ZW_ASSIGN(const sys::UniqueFd out, sys::OpenInDirectory(to, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return ReadPieces(candidate.fd.get(), candidate.size, from, [&](std::string_view bytes) {
    return sys::WriteAll(out.get(), bytes, to);
  });
}

Status CheckChunk(const UploadChunk& chunk, std::uint64_t held) {
  const std::string which = "archive " + chunk.sha512.substr(0, kShownDigits) + "...";
  if (chunk.total_size == 0 || chunk.total_size > kMaxArchiveBytes) {
    return Fail(ErrorCode::kResourceExhausted,
                "upload.too_large",
                which + " of " + std::to_string(chunk.total_size) + " bytes is refused: 1 to " +
                    std::to_string(kMaxArchiveBytes) +
                    " are taken; name the binary release's archive in ensemble.yaml");
  }
  if (chunk.data.size() > kMaxChunkBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "upload.chunk_too_large",
                "a chunk of " + which + " has " + std::to_string(chunk.data.size()) +
                    " bytes; send at most " + std::to_string(kMaxChunkBytes) + " at a time");
  }
  if (chunk.offset > chunk.total_size || chunk.data.size() > chunk.total_size - chunk.offset ||
      held > chunk.total_size) {
    return Fail(ErrorCode::kInvalidArgument,
                "upload.size_changed",
                "the chunks of " + which + " do not fit an archive of " +
                    std::to_string(chunk.total_size) +
                    " bytes; ask how much is held and go on from there");
  }
  if (chunk.offset > held) {
    return Fail(ErrorCode::kFailedPrecondition,
                "upload.gap",
                "the chunk of " + which + " begins at " + std::to_string(chunk.offset) +
                    " and only " + std::to_string(held) + " bytes are held; go on from there");
  }
  return Ok();
}

}  // namespace

fs::path Releases::PathOf(std::string_view sha512, std::string_view suffix) const {
  return UploadsPath(layout_.uploads, sha512, suffix);
}

Result<UploadProgress> Releases::Progress(std::string_view sha512) {
  ZW_TRY(CheckSha512(sha512));
  const fs::path archive = PathOf(sha512, kArchiveSuffix);
  ZW_ASSIGN(auto whole, SizeOf(archive));
  if (!whole) {
    ZW_TRY(TakeFromDirectories(sha512));
    ZW_ASSIGN(whole, SizeOf(archive));
  }
  if (whole) {
    return UploadProgress{*whole, /*complete=*/true};
  }
  ZW_ASSIGN(const auto part, SizeOf(PathOf(sha512, kPartSuffix)));
  return UploadProgress{part.value_or(0), /*complete=*/false};
}

Result<UploadProgress> Releases::Append(const UploadChunk& chunk) {
  ZW_TRY(CheckSha512(chunk.sha512));
  ZW_ASSIGN(const auto whole, SizeOf(PathOf(chunk.sha512, kArchiveSuffix)));
  if (whole) {
    return UploadProgress{*whole, /*complete=*/true};
  }
  const fs::path part = PathOf(chunk.sha512, kPartSuffix);
  ZW_ASSIGN(const auto begun, SizeOf(part));
  const std::uint64_t held = begun.value_or(0);
  ZW_TRY(CheckChunk(chunk, held));
  if (held == 0) {
    ZW_TRY(RemoveOthersLike(part));
  }
  const std::uint64_t now = std::max(chunk.offset + chunk.data.size(), held);
  if (now > held) {
    ZW_TRY(MakeRoom(chunk.sha512, chunk.total_size - held));
    ZW_TRY(AppendToFile(part, chunk.data.substr(held - chunk.offset)));
  }
  const bool complete = now == chunk.total_size;
  if (complete) {
    ZW_TRY(Finish(chunk.sha512, kPartSuffix));
  }
  return UploadProgress{now, complete};
}

Status Releases::FinishFetch(std::string_view sha512) {
  ZW_ASSIGN(const auto whole, SizeOf(PathOf(sha512, kArchiveSuffix)));
  if (whole) {
    return sys::RemoveTree(PathOf(sha512, kFetchSuffix));  // somebody sent it meanwhile
  }
  return Finish(sha512, kFetchSuffix);
}

Status Releases::Finish(std::string_view sha512, std::string_view suffix) {
  const fs::path part = PathOf(sha512, suffix);
  ZW_ASSIGN(const sys::UniqueFd file, sys::OpenInDirectory(part, O_RDONLY));
  if (::fsync(file.get()) != 0) {
    return Fail(sys::ErrnoError("sync", part.native(), errno));
  }
  // zoowarden-fetch holds it as long as it may write: what is verified must not change any more.
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return Fail(ErrorCode::kUnavailable,
                "download.busy",
                part.native() + " is still being written; try again when that has ended");
  }
  // Of what is open: what cannot be looked at by its name must not pass for empty.
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return Fail(sys::ErrnoError("look at", part.native(), errno));
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  ZW_ASSIGN(const std::string digest, DigestOpenFile(file.get(), size, part));
  if (digest != sha512) {
    ZW_TRY(sys::RemoveTree(part));
    return Fail(ErrorCode::kInvalidArgument,
                "release.wrong_digest",
                "the archive received has SHA-512 " + digest.substr(0, kShownDigits) + "..., not " +
                    std::string(sha512.substr(0, kShownDigits)) +
                    "...; check the archive and its sha512 in ensemble.yaml");
  }
  // Of a download the size was not known before, see CheckRoom.
  if (auto room = MakeRoom(sha512, suffix == kFetchSuffix ? size : 0); !room) {
    if (IsWantOfRoom(room.error())) {
      ZW_TRY(sys::RemoveTree(part));
    }
    return room;
  }
  const fs::path archive = PathOf(sha512, kArchiveSuffix);
  if (::rename(part.c_str(), archive.c_str()) != 0) {
    return Fail(sys::ErrnoError("create", archive.native(), errno));
  }
  ZW_TRY(sys::SyncDirectory(layout_.uploads));
  return DropUnused(layout_.keep_unused, sha512);
}

Result<bool> Releases::TakeFromDirectories(std::string_view sha512) {
  ZW_ASSIGN(const auto archives, ArchivesIn(layout_.archive_directories));
  for (const auto& path : archives) {
    const auto candidate = OpenCandidate(path);
    if (!candidate) {
      continue;
    }
    ZW_ASSIGN(const std::string digest, CachedDigest(*candidate, path, known_digests_));
    if (digest == sha512) {
      ZW_TRY(MakeRoom(sha512, candidate->size));
      const fs::path part = PathOf(sha512, kPartSuffix);
      if (auto copied = CopyOpenFile(*candidate, path, part); !copied) {
        ZW_TRY(sys::RemoveTree(part));
        return Fail(std::move(copied.error()));
      }
      // Hashes our copy: the directory is not ours and may have changed meanwhile.
      ZW_TRY(Finish(sha512, kPartSuffix));
      return true;
    }
  }
  return false;
}

// One that was damaged on the disk is dropped: kept, it would pass for complete for ever.
Result<bool> Releases::IsWhole(const fs::path& archive, std::string_view sha512) {
  ZW_ASSIGN(const sys::UniqueFd file, sys::OpenInDirectory(archive, O_RDONLY));
  ZW_ASSIGN(const std::string digest,
            sys::DigestDescriptor(sys::Hash::kSha512, file.get(), archive));
  if (digest != sha512) {
    base::LogWarn("archive=" + archive.native() + " was damaged on the disk and is removed");
    ZW_TRY(sys::RemoveTree(archive));
  }
  return digest == sha512;
}

Result<fs::path> Releases::FindArchive(std::string_view sha512) {
  ZW_TRY(CheckSha512(sha512));
  fs::path archive = PathOf(sha512, kArchiveSuffix);
  ZW_ASSIGN(const auto had, SizeOf(archive));
  if (had) {
    ZW_ASSIGN(const bool whole, IsWhole(archive, sha512));
    if (whole) {
      return archive;
    }
  }
  ZW_ASSIGN(const bool taken, TakeFromDirectories(sha512));
  if (taken) {
    return archive;
  }
  if (had) {
    return Fail(ErrorCode::kDataLoss,
                "release.wrong_digest",
                archive.native() +
                    " had another SHA-512 than when it came and was removed; stage it again");
  }
  return Fail(ErrorCode::kNotFound,
              "release.no_archive",
              "no archive with SHA-512 " + std::string(sha512.substr(0, kShownDigits)) +
                  "... has been uploaded to this server; upload it first");
}

Status Releases::KeepSignature(std::string_view sha512, std::string_view signature) {
  ZW_TRY(CheckSha512(sha512));
  return sys::WriteFileAtomically(PathOf(sha512, kSignatureSuffix), signature, 0600);
}

Result<std::string> Releases::KeptSignature(std::string_view sha512) const {
  ZW_TRY(CheckSha512(sha512));
  const fs::path path = PathOf(sha512, kSignatureSuffix);
  ZW_ASSIGN(const auto uploads, sys::Beneath::Open(layout_.uploads));
  ZW_ASSIGN(const auto present, uploads.Look(path.filename()));
  return present ? uploads.Read(path.filename(), kMaxChunkBytes) : std::string();
}

Status Releases::DropArchive(std::string_view sha512) {
  ZW_TRY(CheckSha512(sha512));
  ZW_TRY(sys::RemoveTree(PathOf(sha512, kSignatureSuffix)));
  ZW_TRY(sys::RemoveTree(PathOf(sha512, kArchiveSuffix)));
  return sys::RemoveTree(PathOf(sha512, kPartSuffix));
}

}  // namespace zoowarden::agent
