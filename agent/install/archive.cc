#include "agent/install/archive.h"

#include "agent/install/tree_writer.h"
#include "base/text.h"
#include "sys/digest.h"
#include "sys/errno_error.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

namespace zoowarden::agent {
namespace {

using base::Fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::size_t kPieceBytes = 64 * 1024;

// The packed bytes on their way into libarchive, hashed as they pass.
struct Source {
  explicit Source(int descriptor) : fd(descriptor) {}
  int fd;
  sys::Hasher hasher{sys::Hash::kSha512};
  std::array<char, kPieceBytes> piece{};

  ssize_t Read() {
    ssize_t got = 0;
    do {
      got = ::read(fd, piece.data(), piece.size());
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
      hasher.Update({piece.data(), static_cast<std::size_t>(got)});
    }
    return got;
  }
};

la_ssize_t ReadSource(archive* reader, void* data, const void** bytes) {
  auto* source = static_cast<Source*>(data);
  const ssize_t got = source->Read();
  if (got < 0) {
    archive_set_error(reader, errno, "cannot read the archive file");
  }
  *bytes = source->piece.data();
  return got;
}

struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeReader>;

tl::unexpected<base::Error> Unreadable(archive* reader) {
  const char* text = archive_error_string(reader);
  return Fail(base::ErrorCode::kInvalidArgument,
              "archive.unreadable",
              "the archive is no complete tar.gz archive: " +
                  base::Printable(text == nullptr ? "unknown format" : text));
}

Result<Reader> OpenReader(Source& source) {
  Reader reader(archive_read_new());
  if (reader == nullptr || archive_read_support_filter_gzip(reader.get()) != ARCHIVE_OK ||
      archive_read_support_format_tar(reader.get()) != ARCHIVE_OK) {
    return Fail(base::ErrorCode::kInternal, "libarchive cannot read tar.gz here; reinstall it");
  }
  if (archive_read_open(reader.get(), &source, nullptr, &ReadSource, nullptr) != ARCHIVE_OK) {
    return Unreadable(reader.get());
  }
  return reader;
}

EntryKind KindOf(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_filetype(entry) == AE_IFLNK) {
    return EntryKind::kLink;
  }
  if (archive_entry_sparse_count(entry) > 0) {
    return EntryKind::kSparse;
  }
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return EntryKind::kFile;
    case AE_IFDIR:
      return EntryKind::kDirectory;
    default:
      return EntryKind::kOther;
  }
}

EntryHeader HeaderOf(archive_entry* entry) {
  const char* path = archive_entry_pathname(entry);
  const auto size = archive_entry_size(entry);
  return {.path = path == nullptr ? "" : path,
          .kind = KindOf(entry),
          .size = size < 0 ? UINT64_MAX : static_cast<std::uint64_t>(size)};
}

Status SizeMismatch(const std::string& path) {
  return Fail(base::ErrorCode::kInvalidArgument,
              "archive.size_mismatch",
              "the archive is refused: the size of '" + path + "' is not the one it declares");
}

// The entry's data into `file`; never more than it declares.
Status CopyData(archive* reader, NewFile& file, ReleaseFile& written) {
  sys::Hasher hasher(sys::Hash::kSha256);
  std::array<char, kPieceBytes> piece{};
  std::uint64_t total = 0;
  while (true) {
    const auto got = archive_read_data(reader, piece.data(), piece.size());
    if (got < 0) {
      return Unreadable(reader);
    }
    if (got == 0) {
      break;
    }
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    total += bytes.size();
    if (total > written.size) {
      return SizeMismatch(written.path);
    }
    hasher.Update(bytes);
    ZW_TRY(file.Append(bytes));
  }
  if (total != written.size) {
    return SizeMismatch(written.path);
  }
  written.sha256 = hasher.Finish();
  return file.Finish();
}

Result<std::optional<ReleaseFile>> UnpackEntry(archive* reader,
                                               archive_entry* entry,
                                               EntryPolicy& policy,
                                               TreeWriter& tree) {
  const EntryHeader header = HeaderOf(entry);
  ZW_ASSIGN(const std::string path, policy.Admit(header));
  if (header.kind == EntryKind::kDirectory) {
    ZW_TRY(tree.MakeDirectory(path));
    return std::optional<ReleaseFile>();
  }
  ReleaseFile written{.path = path,
                      .size = header.size,
                      .executable = (archive_entry_perm(entry) & 0111) != 0,
                      .sha256 = {}};
  ZW_ASSIGN(auto file, tree.CreateFile(path, written.executable));
  ZW_TRY(CopyData(reader, file, written));
  return std::optional(std::move(written));
}

// What follows the end of the tar archive belongs to the digest too.
Status CheckDigest(Source& source, const std::string& sha512) {
  ssize_t got = 0;
  do {
    got = source.Read();
  } while (got > 0);
  if (got < 0) {
    return Fail(sys::ErrnoError("read", "the archive", errno));
  }
  if (source.hasher.Finish() != sha512) {
    return Fail(base::ErrorCode::kDataLoss,
                "release.wrong_digest",
                "the archive changed while it was unpacked; stage it again");
  }
  return Ok();
}

}  // namespace

Result<std::vector<ReleaseFile>> UnpackArchive(const UnpackRequest& request) {
  struct stat status {};
  if (::fstat(request.archive, &status) != 0) {
    return Fail(sys::ErrnoError("read", "the archive", errno));
  }
  EntryPolicy policy(request.top_names, static_cast<std::uint64_t>(status.st_size), request.limits);
  ZW_ASSIGN(auto tree, TreeWriter::Open(request.destination));
  Source source(request.archive);
  ZW_ASSIGN(const auto reader, OpenReader(source));
  std::vector<ReleaseFile> files;
  archive_entry* entry = nullptr;
  int next = ARCHIVE_OK;
  // Anything but a plain yes, warnings too, refuses: a header that is half understood is a risk.
  while ((next = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    ZW_ASSIGN(auto written, UnpackEntry(reader.get(), entry, policy, tree));
    if (written) {
      files.push_back(*std::move(written));
    }
  }
  if (next != ARCHIVE_EOF) {
    return Unreadable(reader.get());
  }
  ZW_TRY(CheckDigest(source, request.sha512));
  ZW_TRY(tree.SyncDirectories());
  std::sort(
      files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

}  // namespace zoowarden::agent
