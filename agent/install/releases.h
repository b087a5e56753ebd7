// The releases of this server: archives received or found, verified, and unpacked side by side.
//
//   uploads/<sha512>.part      bytes received so far (state directory, 0700)
//   uploads/<sha512>.fetch     bytes that zoowarden-fetch has downloaded so far
//   uploads/<sha512>.archive   complete, SHA-512 verified
//   uploads/<sha512>.signature the last one that was accepted for it
//   releases/<version>-<first 8 digits of sha512>/{bin,conf,lib,...,zoowarden-release.json}
//
// An unpacked release is never written to again. No symbolic link is followed below the three
// directories (sys/beneath.h). All functions block; one thread at a time.
#pragma once

#include "agent/install/installed_releases.h"
#include "base/error.h"
#include "model/version.h"
#include "sys/files.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zoowarden::agent {

// What stays free on a disk after an upload, a download or an unpacking. ZooKeeper, whose data may
// lie there too, preallocates each log with 64 MiB and begins a new one with each snapshot: room
// for some of both until somebody has seen that the disk is filling up.
inline constexpr std::uint64_t kSpareBytes = 512ULL * 1024 * 1024;

inline constexpr std::uint64_t kMaxArchiveBytes = 1024ULL * 1024 * 1024;
inline constexpr std::size_t kMaxChunkBytes = 64 * 1024;

struct ReleasesLayout {
  std::filesystem::path uploads;                           // private to the agent
  std::filesystem::path releases;                          // readable by who runs ZooKeeper
  std::vector<std::filesystem::path> archive_directories;  // archives may be taken from here
  std::uint64_t spare_bytes = kSpareBytes;
  std::uint64_t most_bytes = kMaxArchiveBytes;  // in uploads/
  std::size_t keep_unused = 3;                  // archives that were never unpacked
};

struct UploadProgress {
  std::uint64_t offset = 0;  // bytes held; the next chunk begins here
  bool complete = false;     // the archive is verified
};

struct UploadChunk {
  std::string sha512;
  std::uint64_t offset = 0;
  std::uint64_t total_size = 0;  // of the whole archive
  std::string_view data;
};

struct StagedArchive {
  std::string sha512;
  std::uint64_t bytes = 0;
};

// 128 lower-case hexadecimal digits.
[[nodiscard]] bool IsSha512(std::string_view text);

class Releases {
 public:
  // Creates missing directories and removes what an interrupted Unpack left.
  [[nodiscard]] static base::Result<Releases> Open(ReleasesLayout layout);

  // Before a want of space is told: `wait` waits for what was removed to go from the disk, not for
  // ever, and says whether there was anything.
  void AwaitRemovals(std::function<bool()> wait) { await_removals_ = std::move(wait); }

  // Takes the archive from an allowed directory when one holds exactly these bytes.
  [[nodiscard]] base::Result<UploadProgress> Progress(std::string_view sha512);

  // Chunks in order; one that lies wholly before the offset held is accepted and ignored. The last
  // one verifies: a wrong digest (`release.wrong_digest`) drops everything received. Others:
  // `upload.gap`, `upload.too_large`, `upload.size_changed`, `upload.no_room` and `file.no_space`
  // (for all that is to come, before any of it is taken). Archives that were never unpacked make
  // room for newer ones.
  [[nodiscard]] base::Result<UploadProgress> Append(const UploadChunk& chunk);
  // A download into the .fetch file has ended: verifies it as the last chunk does. kUnavailable
  // `download.busy` while something still writes to it.
  [[nodiscard]] base::Status FinishFetch(std::string_view sha512);

  // The archive, verified again. kNotFound `release.no_archive` when it was never uploaded; one
  // that was damaged on the disk is removed (kDataLoss `release.wrong_digest`).
  [[nodiscard]] base::Result<std::filesystem::path> FindArchive(std::string_view sha512);

  // The directory of an unpacked release after VerifyInstalled, and its errors.
  [[nodiscard]] base::Result<std::filesystem::path> FindUnpacked(const model::Version& version,
                                                                 std::string_view sha512) const;

  // FindArchive, and unpacks it under the entry policy (archive.h); the signature
  // is the caller's to verify first (signatures.h). Idempotent; nothing is left on an error.
  // `file.no_space` before anything is unpacked.
  [[nodiscard]] base::Result<std::filesystem::path> Unpack(const model::Version& version,
                                                           std::string_view sha512);

  // The signature that was accepted with this archive, so that it can be judged again; empty when
  // there was none.
  [[nodiscard]] base::Status KeepSignature(std::string_view sha512, std::string_view signature);
  [[nodiscard]] base::Result<std::string> KeptSignature(std::string_view sha512) const;

  // All unpacked ones.
  [[nodiscard]] base::Result<std::vector<InstalledRelease>> List() const;
  // Its archive and signature, then the tree: renamed aside at once, gone from the disk with what
  // is returned. That no generation needs it is the caller's to know. kNotFound
  // `release.not_unpacked`.
  [[nodiscard]] base::Result<sys::TempDir> Remove(const std::string& name);
  // Archives that were never unpacked, oldest first, and the removal of one; kNotFound
  // `release.not_staged`.
  [[nodiscard]] base::Result<std::vector<StagedArchive>> Staged() const;
  [[nodiscard]] base::Status RemoveStaged(std::string_view sha512);
  // Archives that were never unpacked, all but the `keep` newest; `newest` is one of those.
  [[nodiscard]] base::Status DropUnused(std::size_t keep, std::string_view newest = {});

  // Archives are kept by default, so that a signature can be judged again when pinned keys change.
  [[nodiscard]] base::Status DropArchive(std::string_view sha512);

 private:
  explicit Releases(ReleasesLayout layout) : layout_(std::move(layout)) {}
  // Of what lies in uploads/, see release_parts.h.
  [[nodiscard]] std::filesystem::path PathOf(std::string_view sha512,
                                             std::string_view suffix) const;
  [[nodiscard]] bool IsUnpacked(std::string_view sha512) const;
  // Verifies what has come into the file with this suffix and makes it the archive.
  [[nodiscard]] base::Status Finish(std::string_view sha512, std::string_view suffix);
  [[nodiscard]] static base::Result<bool> IsWhole(const std::filesystem::path& archive,
                                                  std::string_view sha512);
  // SHA-512 of archives that were never unpacked, oldest first, without this one.
  [[nodiscard]] base::Result<std::vector<std::string>> Unused(std::string_view but) const;
  [[nodiscard]] base::Status CheckRoom(std::uint64_t bytes) const;
  // Again when what was removed has gone, where it was space that lacked.
  [[nodiscard]] base::Status CheckTwice(const std::function<base::Status()>& check) const;
  // Drops unused archives, then what else is being sent, as long as `bytes` more do not fit; never
  // what this one has.
  [[nodiscard]] base::Status MakeRoom(std::string_view sha512, std::uint64_t bytes);
  // True when one of the allowed directories held it and it is in uploads/ now.
  [[nodiscard]] base::Result<bool> TakeFromDirectories(std::string_view sha512);

  ReleasesLayout layout_;
  std::function<bool()> await_removals_;
  // SHA-512 of files in the allowed directories; the key has name, inode, size and time.
  std::map<std::string, std::string> known_digests_;
};

}  // namespace zoowarden::agent
