#include "agent/install/archive.h"

#include "agent/install/packed_stream.h"
#include "agent/install/tree_writer.h"
#include "base/text.h"
#include "sys/digest.h"
#include "sys/errno_error.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

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
// Two blocks of zeros end a tar archive.
constexpr std::uint64_t kEndMarkBytes = 1024;

struct Source {
  PackedStream stream;
  std::optional<base::Error> error;  // why it gave no more
};

la_ssize_t ReadSource(archive* reader, void* data, const void** bytes) {
  auto* source = static_cast<Source*>(data);
  auto piece = source->stream.Next();
  if (!piece) {
    source->error = piece.error();
    archive_set_error(reader, EIO, "no more bytes");
    return -1;
  }
  *bytes = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeReader>;

// libarchive has one error number for everything that is wrong with a format.
std::string_view ReasonOf(std::string_view text) {
  struct Row {
    std::string_view part;
    std::string_view reason;
  };
  constexpr std::array kRows{Row{"Unrecognized archive format", "not_an_archive"},
                             Row{"runcated", "truncated"},
                             Row{"too large", "header_too_large"},
                             Row{"negative", "bad_size"},
                             Row{"overflow", "bad_size"},
                             Row{"out of range", "bad_size"}};
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& candidate) {
    return text.find(candidate.part) != std::string_view::npos;
  });
  return row == kRows.end() ? "damaged" : row->reason;
}

tl::unexpected<base::Error> Unreadable(archive* reader, const Source& source) {
  if (source.error) {
    return Fail(*source.error);
  }
  const char* raw = archive_error_string(reader);
  const std::string_view text = raw == nullptr ? "unknown format" : raw;
  return RefuseArchive(ReasonOf(text),
                       "it is no complete tar.gz archive: " + base::Printable(text));
}

Result<Reader> OpenReader(Source& source) {
  Reader reader(archive_read_new());
  if (reader == nullptr || archive_read_support_format_tar(reader.get()) != ARCHIVE_OK) {
    return Fail(base::ErrorCode::kInternal, "libarchive cannot read tar here; reinstall it");
  }
  if (archive_read_open(reader.get(), &source, nullptr, &ReadSource, nullptr) != ARCHIVE_OK) {
    return Unreadable(reader.get(), source);
  }
  return reader;
}

EntryKind KindOf(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) {
    return EntryKind::kHardLink;
  }
  if (archive_entry_sparse_count(entry) > 0) {
    return EntryKind::kSparse;
  }
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return EntryKind::kFile;
    case AE_IFDIR:
      return EntryKind::kDirectory;
    case AE_IFLNK:
      return EntryKind::kSymbolicLink;
    case AE_IFCHR:
      return EntryKind::kCharacterDevice;
    case AE_IFBLK:
      return EntryKind::kBlockDevice;
    case AE_IFIFO:
      return EntryKind::kFifo;
    default:
      return EntryKind::kOther;
  }
}

EntryHeader HeaderOf(archive_entry* entry) {
  const char* path = archive_entry_pathname(entry);
  const auto size = archive_entry_size(entry);
  return {.path = path == nullptr ? "" : path,
          .kind = KindOf(entry),
          .size = size < 0 ? UINT64_MAX : static_cast<std::uint64_t>(size),
          .mode = archive_entry_perm(entry)};
}

Status SizeMismatch(const std::string& path) {
  return RefuseArchive(
      "size_mismatch",
      "the size of '" + base::Printable(path, 120) + "' is not the one it declares");
}

// The entry's data into `file`; never more than it declares.
Status CopyData(archive* reader, const Source& source, NewFile& file, ReleaseFile& written) {
  sys::Hasher hasher(sys::Hash::kSha256);
  std::array<char, kPieceBytes> piece{};
  std::uint64_t total = 0;
  while (true) {
    const auto got = archive_read_data(reader, piece.data(), piece.size());
    if (got < 0) {
      return Unreadable(reader, source);
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

class Unpacker {
 public:
  Unpacker(Source& source, archive* reader, EntryPolicy& policy, TreeWriter& tree)
      : source_(source), reader_(reader), policy_(policy), tree_(tree) {}

  Result<std::vector<ReleaseFile>> Run() {
    std::vector<ReleaseFile> files;
    archive_entry* entry = nullptr;
    int next = ARCHIVE_OK;
    // Anything but a plain yes, warnings too, refuses: a header half understood is a risk.
    while ((next = archive_read_next_header(reader_, &entry)) == ARCHIVE_OK) {
      ZW_ASSIGN(auto written, UnpackEntry(entry));
      if (written) {
        files.push_back(*std::move(written));
      }
    }
    if (next == ARCHIVE_WARN) {
      return RefuseArchive("odd_header", "a header of it is understood in part only");
    }
    if (next != ARCHIVE_EOF) {
      return Unreadable(reader_, source_);
    }
    ZW_TRY(CheckEnd());
    if (policy_.entries() == 0) {
      return RefuseArchive("empty", "there is nothing in it");
    }
    return files;
  }

 private:
  Result<std::optional<ReleaseFile>> UnpackEntry(archive_entry* entry) {
    const EntryHeader header = HeaderOf(entry);
    ZW_ASSIGN(const std::string path, policy_.Admit(header));
    if (header.kind == EntryKind::kDirectory) {
      ZW_TRY(tree_.MakeDirectory(path));
      return std::optional<ReleaseFile>();
    }
    ReleaseFile written{
        .path = path, .size = header.size, .executable = (header.mode & 0111U) != 0, .sha256 = {}};
    ZW_ASSIGN(auto file, tree_.CreateFile(path, written.executable));
    ZW_TRY(CopyData(reader_, source_, file, written));
    return std::optional(std::move(written));
  }

  // libarchive takes a missing end mark for an end and looks at nothing behind one.
  Status CheckEnd() {
    const auto end = static_cast<std::uint64_t>(archive_filter_bytes(reader_, 0));
    while (true) {
      ZW_ASSIGN(const std::string_view rest, source_.stream.Next());
      if (rest.empty()) {
        break;
      }
    }
    if (source_.stream.end_of_data() > end) {
      return RefuseArchive("trailing_data", "something follows the end of the tar archive");
    }
    if (source_.stream.given() < source_.stream.end_of_data() + kEndMarkBytes) {
      return RefuseArchive("truncated", "its end is missing");
    }
    return Ok();
  }

  Source& source_;
  archive* reader_;
  EntryPolicy& policy_;
  TreeWriter& tree_;
};

}  // namespace

Result<std::vector<ReleaseFile>> UnpackArchive(const UnpackRequest& request) {
  struct stat status {};
  if (::fstat(request.archive, &status) != 0) {
    return Fail(sys::ErrnoError("read", "the archive", errno));
  }
  const auto archive_bytes = static_cast<std::uint64_t>(status.st_size);
  EntryPolicy policy(request.top_names, archive_bytes, request.limits);
  ZW_ASSIGN(auto tree, TreeWriter::Open(request.destination));
  Source source{.stream = {request.archive, archive_bytes, request.limits}, .error = {}};
  ZW_ASSIGN(const auto reader, OpenReader(source));
  ZW_ASSIGN(auto files, Unpacker(source, reader.get(), policy, tree).Run());
  if (source.stream.FinishDigest() != request.sha512) {
    return Fail(base::ErrorCode::kDataLoss,
                "release.wrong_digest",
                "archive " + request.sha512.substr(0, 16) +
                    "... changed while it was unpacked; stage it again");
  }
  ZW_TRY(tree.SyncDirectories());
  std::sort(
      files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

}  // namespace zoowarden::agent
