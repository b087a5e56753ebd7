#include "journal/database.h"

#include "base/text.h"
#include "journal/integrity.h"
#include "journal/sqlite_adapter.h"
#include "sys/beneath.h"
#include "sys/errno_error.h"
#include "sys/fd.h"
#include "sys/files.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace zoowarden::journal {
namespace {

namespace fs = std::filesystem;

// A reader may meet a writer's checkpoint; nobody holds a lock longer than one commit.
constexpr int kBusyTimeoutMs = 5000;

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

constexpr const char* kReadCommits = "SELECT count FROM commits";

constexpr const char* kAccept =
    "mount the state directory or restore it from a copy; when it is gone for good and nothing was "
    "under way here, start once with --accept-lost-journal";

fs::path DirectoryOf(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// SQLite's flag refuses links in the whole path, and those that lead to the directory are its
// owner's.
base::Result<std::string> ForSqlite(const fs::path& path) {
  std::error_code error;
  const fs::path directory = fs::canonical(DirectoryOf(path), error);
  if (error) {
    return base::Fail(sys::ErrnoError("resolve", DirectoryOf(path).native(), error.value()));
  }
  return directory / path.filename();
}

fs::path WithSuffix(const fs::path& path, const char* suffix) { return path.native() + suffix; }

void SetPragmas(SQLite::Database& handle) {
  handle.setBusyTimeout(kBusyTimeoutMs);
  handle.exec("PRAGMA synchronous=FULL");
  handle.exec("PRAGMA foreign_keys=ON");
  handle.exec("PRAGMA trusted_schema=OFF");
}

base::Status CheckKind(SQLite::Database& handle, const std::string& name, const Schema& schema) {
  const int kind = handle.execAndGet("PRAGMA application_id").getInt();
  const int version = handle.execAndGet("PRAGMA user_version").getInt();
  const auto known = static_cast<int>(schema.migrations.size());
  if (kind == 0 && version == 0) {
    return Damaged(name, "it is empty");
  }
  if (kind != schema.application_id) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "journal.wrong_kind",
                      name + " is not an " + schema.name + "; check the path");
  }
  if (version > known) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "journal.newer_version",
                      name + " was written by a newer program (version " + std::to_string(version) +
                          ", known are up to " + std::to_string(known) +
                          "); install that program again");
  }
  return base::Ok();
}

void FillNew(SQLite::Database& handle, const Schema& schema) {
  SetPragmas(handle);
  handle.exec("PRAGMA application_id=" + std::to_string(schema.application_id));
  Migrate(handle, schema, 0, schema.migrations.size());
}

base::Status MigrateToNewest(SQLite::Database& handle,
                             const std::string& name,
                             const Schema& schema) {
  try {
    const int version = handle.execAndGet("PRAGMA user_version").getInt();
    Migrate(handle, schema, static_cast<std::size_t>(version), schema.migrations.size());
  } catch (const SQLite::Exception& e) {
    return base::Fail(ToError(name, "migrate tables", e));
  }
  return base::Ok();
}

// A complete file appears at `path`, or nothing does.
base::Status Create(const fs::path& path, const Schema& schema) {
  const fs::path unfinished = WithSuffix(path, ".new");
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    ZW_TRY(sys::RemoveTree(WithSuffix(unfinished, suffix)));
  }
  ZW_ASSIGN(const std::string name, ForSqlite(unfinished));
  try {
    SQLite::Database handle(name,
                            SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLITE_OPEN_NOFOLLOW);
    FillNew(handle, schema);
    // Last, because in WAL mode the content would still be in a second file.
    handle.exec("PRAGMA journal_mode=WAL");
  } catch (const SQLite::Exception& e) {
    return base::Fail(ToError(path.native(), "create tables", e));
  }
  fs::permissions(unfinished, fs::perms::owner_read | fs::perms::owner_write);
  fs::rename(unfinished, path);
  return sys::SyncDirectory(DirectoryOf(path));
}

tl::unexpected<base::Error> Lost(const fs::path& path, const Schema& schema) {
  return base::Fail(base::ErrorCode::kDataLoss,
                    "journal.lost",
                    "the " + std::string(schema.name) + " " + path.native() +
                        " is missing and there was one here; " + kAccept);
}

base::Status CreateIfAbsent(const fs::path& path, const Schema& schema, bool lived_here) try {
  if (Exists(path)) {
    return base::Ok();
  }
  if (Exists(WithSuffix(path, "-wal"))) {
    return Damaged(path.native(), "it is missing, but its write-ahead log is there");
  }
  return lived_here ? base::Status(Lost(path, schema)) : Create(path, schema);
} catch (const fs::filesystem_error& e) {
  return base::Fail(sys::ErrnoError("create", path.native(), e.code().value()));
}

}  // namespace

// flock on a file of its own: on SQLite's file it would meddle with SQLite's locks. Descriptors are
// close-on-exec, so no program that we start keeps it.
class Database::Lock {
 public:
  static base::Result<std::unique_ptr<Lock>> Take(const fs::path& journal, const Schema& schema) {
    const fs::path path = WithSuffix(journal, ".lock");
    ZW_ASSIGN(const auto directory, sys::Beneath::Open(DirectoryOf(path)));
    ZW_ASSIGN(sys::UniqueFd fd, directory.OpenFile(path.filename(), O_RDWR | O_CREAT, 0600));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      const auto holder = directory.Read(path.filename(), 100);
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "journal.in_use",
                        "the " + std::string(schema.name) + " " + journal.native() +
                            " is in use by process " +
                            (holder && !holder->empty() ? base::Printable(*holder, 20)
                                                        : std::string("(unknown)")) +
                            "; wait until it ends");
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(fd.get(), 0) != 0 || ::write(fd.get(), pid.data(), pid.size()) < 0) {
      return base::Fail(sys::ErrnoError("write", path.native(), errno));
    }
    return std::make_unique<Lock>(std::move(fd));
  }

  explicit Lock(sys::UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  sys::UniqueFd fd_;
};

Database::Database(std::string name, std::unique_ptr<Lock> lock)
    : name_(std::move(name)), lock_(std::move(lock)) {}

Database::~Database() = default;

base::Result<std::unique_ptr<Database>> Database::Open(const fs::path& path,
                                                       const Schema& schema,
                                                       Access access,
                                                       const History& history) {
  std::unique_ptr<Lock> lock;
  std::optional<std::uint64_t> marked;
  if (access == Access::kOwn) {
    ZW_ASSIGN(lock, Lock::Take(path, schema));
    if (schema.counts_commits && !history.accept_lost) {
      ZW_ASSIGN(marked, CommitMark::Read(path));
    }
    const bool lived_here = !history.accept_lost && (history.lived_here || marked);
    ZW_TRY(CreateIfAbsent(path, schema, lived_here));
  } else if (!Exists(path)) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "journal.missing",
                      "there is no " + std::string(schema.name) + " at " + path.native() +
                          "; check the state directory");
  }
  ZW_ASSIGN(const auto directory, sys::Beneath::Open(DirectoryOf(path)));
  ZW_TRY(directory.RefuseLink(path.filename()));
  std::unique_ptr<Database> database(new Database(path.native(), std::move(lock)));
  try {
    ZW_TRY(database->Connect(path, access));
    ZW_TRY(CheckKind(*database->handle_, database->name_, schema));
    if (access == Access::kOwn) {
      ZW_TRY(database->Own(schema, marked));
    }
  } catch (const SQLite::Exception& e) {
    // What SQLite does not know how to read was not written by it.
    return e.getErrorCode() == SQLITE_ERROR ? Damaged(path.native(), base::Printable(e.what(), 200))
                                            : base::Fail(ToError(path.native(), "open tables", e));
  }
  return database;
}

base::Status Database::Own(const Schema& schema, std::optional<std::uint64_t> marked) {
  if (sqlite3_db_readonly(handle_->getHandle(), "main") != 0) {
    return base::Fail(base::ErrorCode::kPermissionDenied,
                      "journal.read_only",
                      name_ +
                          " may not be written; give this user access to it and remount its "
                          "file system writable");
  }
  ZW_TRY(CheckIntegrity(*handle_, name_, schema));
  ZW_TRY(MigrateToNewest(*handle_, name_, schema));
  if (!schema.counts_commits) {
    return base::Ok();
  }
  commits_ = FromStored(handle_->execAndGet(kReadCommits));
  if (marked && commits_ < *marked) {
    return base::Fail(base::ErrorCode::kDataLoss,
                      "journal.older",
                      name_ + " ends with transaction " + std::to_string(commits_) +
                          " and there were " + std::to_string(*marked) +
                          ": it is an older copy or has lost its end; " + kAccept);
  }
  ZW_ASSIGN(CommitMark mark, CommitMark::Create(name_, commits_));
  mark_.emplace(std::move(mark));
  return base::Ok();
}

void Database::CountCommit() {
  if (mark_) {
    Execute(*handle_, "UPDATE commits SET count = ?", ToStored(commits_ + 1));
  }
}

void Database::NoteCommitted() {
  if (mark_) {
    mark_->Note(++commits_);
  }
}

base::Status Database::Connect(const fs::path& path, Access access) {
  ZW_ASSIGN(const std::string name, ForSqlite(path));
  handle_ = std::make_unique<SQLite::Database>(
      name,
      (access == Access::kOwn ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY) |
          SQLITE_OPEN_NOFOLLOW,
      kBusyTimeoutMs);
  SetPragmas(*handle_);
  const std::string mode = handle_->execAndGet("PRAGMA journal_mode").getString();
  if (mode != "wal") {
    return Damaged(name_, "its journal mode is " + base::Printable(mode, 20));
  }
  return base::Ok();
}

base::Result<std::unique_ptr<Database>> Database::OpenInMemory(const Schema& schema) {
  std::unique_ptr<Database> database(new Database(":memory:", nullptr));
  try {
    database->handle_ = std::make_unique<SQLite::Database>(
        ":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    FillNew(*database->handle_, schema);
  } catch (const SQLite::Exception& e) {
    return base::Fail(ToError(database->name_, "create tables", e));
  }
  return database;
}

}  // namespace zoowarden::journal
