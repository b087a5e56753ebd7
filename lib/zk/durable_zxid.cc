#include "zk/durable_zxid.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <tuple>
#include <utility>
#include <vector>

namespace zoowarden::zk {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using base::Status;

constexpr std::size_t kChunk = 256U << 10U;
constexpr std::size_t kSealSize = 5;

tl::unexpected<base::Error> FailErrno(const std::string& path, const char* what) {
  return Fail(ErrorCode::kUnavailable,
              "zk.log_unreadable",
              std::string("cannot ") + what + " " + path + ": " + std::strerror(errno));
}

// A file opened for reading. What was read before Sync() is on the disk after it.
class ReadOnlyFile {
 public:
  static Result<ReadOnlyFile> Open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      return FailErrno(path, "open");
    }
    ReadOnlyFile file(fd, path);
    struct stat info {};
    if (::fstat(fd, &info) != 0) {
      return FailErrno(path, "look at");
    }
    file.size_ = static_cast<std::uint64_t>(info.st_size);
    file.inode_ = info.st_ino;
    return file;
  }
  ReadOnlyFile(ReadOnlyFile&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        path_(std::move(other.path_)),
        size_(other.size_),
        inode_(other.inode_) {}
  ReadOnlyFile(const ReadOnlyFile&) = delete;
  ReadOnlyFile& operator=(const ReadOnlyFile&) = delete;
  ReadOnlyFile& operator=(ReadOnlyFile&&) = delete;
  ~ReadOnlyFile() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

  // Up to `length` bytes at `offset`; fewer only at the end of the file.
  [[nodiscard]] Result<std::vector<unsigned char>> Read(std::uint64_t offset,
                                                        std::size_t length) const {
    std::vector<unsigned char> bytes(length);
    std::size_t filled = 0;
    while (filled < length) {
      const auto got =
          ::pread(fd_, bytes.data() + filled, length - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return FailErrno(path_, "read");
      }
      if (got == 0) {
        break;
      }
      filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }
  [[nodiscard]] Status Sync() const {
    if (::fdatasync(fd_) != 0) {
      return FailErrno(path_, "sync");
    }
    return base::Ok();
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t inode() const { return inode_; }

 private:
  ReadOnlyFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
  std::uint64_t size_ = 0;
  std::uint64_t inode_ = 0;
};

struct NamedFile {
  model::Zxid zxid;
  std::string name;
  bool compressed = false;
};

// Newest first, by number: names sort wrongly when the numbers' lengths differ.
template <typename Parse>
Result<std::vector<NamedFile>> ListNewestFirst(const std::string& directory, Parse parse) {
  std::error_code error;
  std::vector<NamedFile> files;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    if (auto file = parse(at->path().filename().string())) {
      files.push_back(*std::move(file));
    }
  }
  if (error) {
    return Fail(error == std::errc::no_such_file_or_directory ? ErrorCode::kNotFound
                                                              : ErrorCode::kUnavailable,
                "zk.no_data",
                "cannot list " + directory + ": " + error.message());
  }
  std::sort(files.begin(), files.end(), [](const NamedFile& a, const NamedFile& b) {
    return std::tie(a.zxid, a.name) > std::tie(b.zxid, b.name);
  });
  return files;
}

std::optional<NamedFile> AsLog(const std::string& name) {
  const auto zxid = ZxidOfLogName(name);
  return zxid ? std::optional(NamedFile{*zxid, name, false}) : std::nullopt;
}

std::optional<NamedFile> AsSnapshot(const std::string& name) {
  const auto parsed = ParseSnapshotName(name);
  return parsed ? std::optional(NamedFile{parsed->zxid, name, parsed->compressed}) : std::nullopt;
}

Result<bool> IsValidSnapshot(const std::string& directory, const NamedFile& snapshot) {
  ZW_ASSIGN(const ReadOnlyFile file, ReadOnlyFile::Open(directory + "/" + snapshot.name));
  ZW_ASSIGN(const auto head, file.Read(0, 8));
  if (!IsSnapshotHead(snapshot.name, head) || file.size() < kSealSize) {
    return false;
  }
  ZW_ASSIGN(const auto tail, file.Read(file.size() - kSealSize, kSealSize));
  ZW_TRY(file.Sync());
  return snapshot.compressed || IsSnapshotTail(tail);
}

// A leader may have cut the file back since the last look: the entry must still be where it was.
Status ForgetWhatChanged(const ReadOnlyFile& file, LogScan& scan) {
  if (scan.last_size == 0) {
    return base::Ok();
  }
  ZW_ASSIGN(const auto bytes, file.Read(scan.offset - scan.last_size, scan.last_size));
  const auto item = DecodeLogEntry(bytes);
  const auto* entry = std::get_if<LogEntry>(&item);
  if (entry == nullptr || entry->checksum != scan.last_checksum || entry->zxid != scan.last_zxid ||
      file.inode() != scan.inode) {
    scan = LogScan{};
  }
  return base::Ok();
}

// Takes the whole entries at the beginning of `bytes`; returns what ended them and where.
std::pair<LogItem, std::size_t> TakeEntries(Bytes bytes, LogScan& scan) {
  std::size_t at = 0;
  while (true) {
    auto item = DecodeLogEntry(bytes.subspan(at));
    const auto* entry = std::get_if<LogEntry>(&item);
    if (entry == nullptr) {
      return {std::move(item), at};
    }
    at += entry->size;
    scan.offset += entry->size;
    scan.last_size = entry->size;
    scan.last_checksum = entry->checksum;
    scan.last_zxid = entry->zxid;
  }
}

Status TakeNewEntries(const ReadOnlyFile& file, LogScan& scan) {
  std::size_t want = kChunk;
  while (true) {
    ZW_ASSIGN(const auto bytes, file.Read(scan.offset, want));
    const auto [end, at] = TakeEntries(bytes, scan);
    const auto* partial = std::get_if<LogPartial>(&end);
    const std::size_t needed = partial == nullptr ? 0 : partial->wanted;
    const bool file_has_more = bytes.size() == want;
    if (file_has_more && (std::holds_alternative<LogEof>(end) || needed > bytes.size() - at)) {
      want = std::max(kChunk, needed);  // the cut is ours, not the file's
      continue;
    }
    scan.torn = partial != nullptr;
    return base::Ok();
  }
}

Status ScanLog(const std::string& path, LogScan& scan) {
  ZW_ASSIGN(const ReadOnlyFile file, ReadOnlyFile::Open(path));
  ZW_TRY(ForgetWhatChanged(file, scan));
  scan.inode = file.inode();
  ZW_ASSIGN(const auto header, file.Read(0, kLogHeaderSize));
  if (!IsLogHeader(header)) {
    const bool unwritten =
        std::all_of(header.begin(), header.end(), [](unsigned char byte) { return byte == 0; });
    scan = LogScan{};
    scan.torn = !unwritten;
    return base::Ok();
  }
  ZW_TRY(TakeNewEntries(file, scan));
  return file.Sync();
}

}  // namespace

DurableZxidReader::DurableZxidReader(std::string data_directory, std::string data_log_directory)
    : snapshot_directory_(std::move(data_directory) + "/version-2"),
      log_directory_(std::move(data_log_directory) + "/version-2") {}

Result<DurableZxid> DurableZxidReader::Read() {
  ZW_ASSIGN(DurableZxid durable, ReadLogs());
  ZW_TRY(AddSnapshot(durable));
  if (!durable.found) {
    durable.evidence = "neither log entries nor a valid snapshot in " + snapshot_directory_;
  }
  return durable;
}

Result<DurableZxid> DurableZxidReader::ReadLogs() {
  ZW_ASSIGN(const auto logs, ListNewestFirst(log_directory_, AsLog));
  std::erase_if(scans_, [&](const auto& scan) {
    return std::none_of(
        logs.begin(), logs.end(), [&](const NamedFile& log) { return log.name == scan.first; });
  });
  DurableZxid durable;
  for (const auto& log : logs) {
    LogScan& scan = scans_[log.name];
    ZW_TRY(ScanLog(log_directory_ + "/" + log.name, scan));
    if (scan.last_size != 0) {
      durable.zxid = scan.last_zxid;
      durable.found = true;
      durable.evidence = log.name + " up to " + scan.last_zxid.ToString();
      break;
    }
    durable.newest_log_torn = durable.newest_log_torn || scan.torn;
  }
  if (durable.newest_log_torn) {
    durable.evidence += (durable.found ? ", " : "") + logs.front().name + " has no whole entry";
  }
  return durable;
}

Status DurableZxidReader::AddSnapshot(DurableZxid& durable) const {
  ZW_ASSIGN(const auto snapshots, ListNewestFirst(snapshot_directory_, AsSnapshot));
  for (const auto& snapshot : snapshots) {
    const auto valid = IsValidSnapshot(snapshot_directory_, snapshot);
    if (!valid || !*valid) {  // being written, or purged meanwhile: the next one
      continue;
    }
    durable.zxid = std::max(durable.zxid, snapshot.zxid);
    durable.evidence += (durable.evidence.empty() ? "" : ", ") + snapshot.name +
                        (snapshot.compressed ? " (compressed, end not checked)" : "");
    durable.found = true;
    return base::Ok();
  }
  return base::Ok();
}

}  // namespace zoowarden::zk
