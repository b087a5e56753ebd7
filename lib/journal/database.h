// One SQLite file that must survive power cuts: WAL, synchronous=FULL, numbered migrations.
//
// A file is made complete under another name and then renamed, so an existing file that is empty,
// damaged or of another kind is always an error and never started afresh. Its owner holds a lock
// file beside it for as long as the object lives (a killed process lets go of it); readers do not.
// Not movable in use: hold it by unique_ptr. Thread-safe through sqlite_adapter.h.
#pragma once

#include "base/error.h"
#include "journal/commit_mark.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace SQLite {
class Database;
}

namespace zoowarden::journal {

// Migration i brings version i to i + 1. Released ones are never changed.
struct Schema {
  const char* name;    // for messages: "agent journal"
  int application_id;  // in the file's header; refuses a file of another kind. Never change.
  std::span<const char* const> migrations;
  // A table `commits` counts them, and the count stands beside the file too (commit_mark.h).
  bool counts_commits = false;
};

// What is known of earlier days from elsewhere than the journal.
struct History {
  bool lived_here = false;   // there was a journal: a missing one is lost, not new
  bool accept_lost = false;  // a person says that what is lost is lost: begin anew, or from a copy
};

enum class Access {
  kOwn,   // read and write, alone; creates the file when there is none
  kRead,  // beside an owner or without one; the file must exist
};

class Database {
 public:
  // Errors: `journal.in_use` (kFailedPrecondition, names the process), `journal.newer_version`,
  // `journal.wrong_kind`, `journal.damaged`, `journal.lost`, `journal.older` and
  // `journal.mark_damaged` (kDataLoss), `journal.read_only`, `journal.missing` (kNotFound).
  [[nodiscard]] static base::Result<std::unique_ptr<Database>> Open(
      const std::filesystem::path& path,
      const Schema& schema,
      Access access,
      const History& history = {});
  // Lost with the object: for tests and simulations.
  [[nodiscard]] static base::Result<std::unique_ptr<Database>> OpenInMemory(const Schema& schema);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // For sqlite_adapter.h, which holds the mutex while it uses the handle.
  [[nodiscard]] SQLite::Database& handle() { return *handle_; }
  [[nodiscard]] std::mutex& mutex() { return mutex_; }
  // Within a transaction before its end, and after it.
  void CountCommit();
  void NoteCommitted();
  // The file, or ":memory:".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  class Lock;
  Database(std::string name, std::unique_ptr<Lock> lock);
  [[nodiscard]] base::Status Own(const Schema& schema, std::optional<std::uint64_t> marked);
  [[nodiscard]] base::Status Connect(const std::filesystem::path& path, Access access);

  std::string name_;
  std::unique_ptr<Lock> lock_;  // released after the handle is closed
  std::mutex mutex_;
  std::unique_ptr<SQLite::Database> handle_;
  std::optional<CommitMark> mark_;
  std::uint64_t commits_ = 0;
};

}  // namespace zoowarden::journal
