// How archives get into uploads/: in chunks from the controller, or out of an allowed directory.
#include "agent/install/release_parts.h"
#include "agent/install/releases.h"
#include "base/text.h"
#include "sys/digest.h"
#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "sys/space.h"

#include <fcntl.h>
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

constexpr std::string_view kPartSuffix = ".part";
constexpr std::size_t kMaxCandidates = 256;

Status CheckSha512(std::string_view sha512) {
  if (!IsSha512(sha512)) {
    return Fail(ErrorCode::kInvalidArgument,
                "release.bad_digest",
                "'" + base::Printable(sha512, 140) +
                    "' is no SHA-512: 128 lower-case hexadecimal digits are needed");
  }
  return Ok();
}

Status AppendToFile(const fs::path& path, std::string_view bytes) {
  const sys::UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) {
    return Fail(sys::ErrnoError("create", path.native(), errno));
  }
  return sys::WriteAll(file.get(), bytes, path);
}

// Calls `use` with every piece of the file.
Status ReadPieces(int fd,
                  const fs::path& path,
                  const std::function<Status(std::string_view)>& use) {
  std::array<char, kMaxChunkBytes> piece{};
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return Fail(sys::ErrnoError("read", path.native(), errno));
    }
    if (got == 0) {
      return Ok();
    }
    ZW_TRY(use({piece.data(), static_cast<std::size_t>(got)}));
  }
}

std::vector<fs::path> ArchivesIn(const std::vector<fs::path>& directories) {
  std::vector<fs::path> archives;
  for (const auto& directory : directories) {
    std::error_code error;  // a directory that is not there holds no archive
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      const std::string name = entry.path().filename();
      if (name.ends_with(".tar.gz") || name.ends_with(".tgz")) {
        archives.push_back(entry.path());
      }
    }
  }
  std::sort(archives.begin(), archives.end());
  archives.resize(std::min(archives.size(), kMaxCandidates));
  return archives;
}

struct Candidate {
  sys::UniqueFd fd;
  std::string key;  // changes when the file does
};

// A regular file of a plausible size; nullopt for everything else, whatever the cause.
std::optional<Candidate> OpenCandidate(const fs::path& path) {
  Candidate candidate{
      sys::UniqueFd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)), {}};
  struct stat status {};
  if (!candidate.fd.valid() || ::fstat(candidate.fd.get(), &status) != 0 ||
      !S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) > kMaxArchiveBytes) {
    return std::nullopt;
  }
  candidate.key = path.native() + '\n' + std::to_string(status.st_ino) + '\n' +
                  std::to_string(status.st_size) + '\n' + std::to_string(status.st_mtim.tv_sec) +
                  '.' + std::to_string(status.st_mtim.tv_nsec);
  return candidate;
}

Result<std::string> DigestOpenFile(int fd, const fs::path& path) {
  sys::Hasher hasher(sys::Hash::kSha512);
  ZW_TRY(ReadPieces(fd, path, [&](std::string_view bytes) {
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
    ZW_ASSIGN(digest, DigestOpenFile(candidate.fd.get(), path));
  }
  return digest;
}

Status CopyOpenFile(int fd, const fs::path& from, const fs::path& to) {
  if (::lseek(fd, 0, SEEK_SET) != 0) {
    return Fail(sys::ErrnoError("read", from.native(), errno));
  }
  const sys::UniqueFd out(
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out.valid()) {
    return Fail(sys::ErrnoError("create", to.native(), errno));
  }
  return ReadPieces(
      fd, from, [&](std::string_view bytes) { return sys::WriteAll(out.get(), bytes, to); });
}

std::uint64_t SizeOf(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

Status CheckChunk(const UploadChunk& chunk, std::uint64_t held) {
  if (chunk.total_size == 0 || chunk.total_size > kMaxArchiveBytes) {
    return Fail(ErrorCode::kResourceExhausted,
                "upload.too_large",
                "an archive of " + std::to_string(chunk.total_size) +
                    " bytes is refused: at most " + std::to_string(kMaxArchiveBytes) +
                    " are taken");
  }
  if (chunk.data.size() > kMaxChunkBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                "upload.chunk_too_large",
                "a chunk has more than " + std::to_string(kMaxChunkBytes) + " bytes");
  }
  if (chunk.offset > chunk.total_size || chunk.data.size() > chunk.total_size - chunk.offset ||
      held > chunk.total_size) {
    return Fail(ErrorCode::kInvalidArgument,
                "upload.size_changed",
                "the chunks do not fit an archive of " + std::to_string(chunk.total_size) +
                    " bytes; ask how much is held and go on from there");
  }
  if (chunk.offset > held) {
    return Fail(ErrorCode::kFailedPrecondition,
                "upload.gap",
                "the chunk begins at " + std::to_string(chunk.offset) + " and only " +
                    std::to_string(held) + " bytes are held; go on from there");
  }
  return Ok();
}

}  // namespace

Status RemoveOtherParts(const fs::path& uploads, const fs::path& keep) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(uploads, error)) {
    if (entry.path() != keep && entry.path().native().ends_with(kPartSuffix)) {
      ZW_TRY(sys::RemoveTree(entry.path()));
    }
  }
  if (error) {
    return Fail(sys::ErrnoError("list", uploads.native(), error.value()));
  }
  return Ok();
}

fs::path Releases::PartPath(std::string_view sha512) const {
  return layout_.uploads / (std::string(sha512) + std::string(kPartSuffix));
}

fs::path Releases::ArchivePath(std::string_view sha512) const {
  return layout_.uploads / (std::string(sha512) + ".archive");
}

fs::path Releases::SignaturePath(std::string_view sha512) const {
  return layout_.uploads / (std::string(sha512) + ".signature");
}

Result<UploadProgress> Releases::Progress(std::string_view sha512) {
  ZW_TRY(CheckSha512(sha512));
  const fs::path archive = ArchivePath(sha512);
  std::error_code ignored;
  if (fs::exists(archive, ignored) || IsUnpacked(sha512)) {
    return UploadProgress{SizeOf(archive), /*complete=*/true};
  }
  ZW_ASSIGN(const bool taken, TakeFromDirectories(sha512));
  if (taken) {
    return UploadProgress{SizeOf(archive), /*complete=*/true};
  }
  return UploadProgress{SizeOf(PartPath(sha512)), /*complete=*/false};
}

Result<UploadProgress> Releases::Append(const UploadChunk& chunk) {
  ZW_TRY(CheckSha512(chunk.sha512));
  std::error_code ignored;
  const fs::path archive = ArchivePath(chunk.sha512);
  if (fs::exists(archive, ignored)) {
    return UploadProgress{SizeOf(archive), /*complete=*/true};
  }
  const fs::path part = PartPath(chunk.sha512);
  const std::uint64_t held = SizeOf(part);
  ZW_TRY(CheckChunk(chunk, held));
  if (held == 0) {
    ZW_TRY(RemoveOtherParts(layout_.uploads, part));
  }
  const std::uint64_t now = std::max(chunk.offset + chunk.data.size(), held);
  if (now > held) {
    ZW_TRY(sys::CheckSpace(layout_.uploads, chunk.total_size - held, layout_.spare_bytes));
    ZW_TRY(AppendToFile(part, chunk.data.substr(held - chunk.offset)));
  }
  const bool complete = now == chunk.total_size;
  if (complete) {
    ZW_TRY(FinishUpload(chunk.sha512));
  }
  return UploadProgress{now, complete};
}

Status Releases::FinishUpload(std::string_view sha512) {
  const fs::path part = PartPath(sha512);
  const sys::UniqueFd file(::open(part.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid() || ::fsync(file.get()) != 0) {
    return Fail(sys::ErrnoError("sync", part.native(), errno));
  }
  ZW_ASSIGN(const std::string digest, DigestOpenFile(file.get(), part));
  if (digest != sha512) {
    ZW_TRY(sys::RemoveTree(part));
    return Fail(ErrorCode::kInvalidArgument,
                "release.wrong_digest",
                "the archive received has SHA-512 " + digest.substr(0, 16) + "..., not " +
                    std::string(sha512.substr(0, 16)) +
                    "...; check the archive and its sha512 in ensemble.yaml");
  }
  const fs::path archive = ArchivePath(sha512);
  if (::rename(part.c_str(), archive.c_str()) != 0) {
    return Fail(sys::ErrnoError("create", archive.native(), errno));
  }
  return sys::SyncDirectory(layout_.uploads);
}

Result<bool> Releases::TakeFromDirectories(std::string_view sha512) {
  for (const auto& path : ArchivesIn(layout_.archive_directories)) {
    const auto candidate = OpenCandidate(path);
    if (!candidate) {
      continue;
    }
    ZW_ASSIGN(const std::string digest, CachedDigest(*candidate, path, known_digests_));
    if (digest == sha512) {
      std::error_code ignored;
      ZW_TRY(sys::CheckSpace(layout_.uploads, fs::file_size(path, ignored), layout_.spare_bytes));
      ZW_TRY(CopyOpenFile(candidate->fd.get(), path, PartPath(sha512)));
      // Hashes our copy: the directory is not ours and may have changed meanwhile.
      ZW_TRY(FinishUpload(sha512));
      return true;
    }
  }
  return false;
}

Result<fs::path> Releases::FindArchive(std::string_view sha512) {
  ZW_TRY(CheckSha512(sha512));
  fs::path archive = ArchivePath(sha512);
  std::error_code ignored;
  if (fs::exists(archive, ignored)) {
    return archive;
  }
  ZW_ASSIGN(const bool taken, TakeFromDirectories(sha512));
  if (taken) {
    return archive;
  }
  return Fail(ErrorCode::kNotFound,
              "release.no_archive",
              "no archive with SHA-512 " + std::string(sha512.substr(0, 16)) +
                  "... has been uploaded to this server; upload it first");
}

Status Releases::KeepSignature(std::string_view sha512, std::string_view signature) {
  ZW_TRY(CheckSha512(sha512));
  return sys::WriteFileAtomically(SignaturePath(sha512), signature, 0600);
}

Result<std::string> Releases::KeptSignature(std::string_view sha512) const {
  ZW_TRY(CheckSha512(sha512));
  const fs::path path = SignaturePath(sha512);
  std::error_code error;
  if (!fs::exists(path, error)) {
    return std::string();
  }
  return sys::ReadFile(path, kMaxChunkBytes);
}

Status Releases::DropArchive(std::string_view sha512) {
  ZW_TRY(CheckSha512(sha512));
  ZW_TRY(sys::RemoveTree(SignaturePath(sha512)));
  ZW_TRY(sys::RemoveTree(ArchivePath(sha512)));
  return sys::RemoveTree(PartPath(sha512));
}

Status Releases::DropUnused(std::size_t keep) {
  std::vector<std::pair<fs::file_time_type, std::string>> unused;
  std::error_code error;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(layout_.uploads, error)) {
    const std::string sha512 = entry.path().stem();
    if (entry.path().extension() == ".archive" && IsSha512(sha512) && !IsUnpacked(sha512)) {
      unused.emplace_back(entry.last_write_time(ignored), sha512);
    }
  }
  if (error) {
    return Fail(sys::ErrnoError("list", layout_.uploads.native(), error.value()));
  }
  std::sort(unused.rbegin(), unused.rend());
  for (std::size_t i = keep; i < unused.size(); ++i) {
    ZW_TRY(DropArchive(unused[i].second));
  }
  return Ok();
}

}  // namespace zoowarden::agent
