// One SQLite file that must survive power cuts: WAL, synchronous=FULL, numbered migrations.
//
// A file is made complete under another name and then renamed, so an existing file that is empty,
// damaged or of another kind is always an error and never started afresh. Its owner holds a lock
// file beside it for as long as the object lives (a killed process lets go of it); readers do not.
// Not movable in use: hold it by unique_ptr. Thread-safe through sqlite_adapter.h.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <memory>
#include <mutex>
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
};

enum class Access {
  kOwn,   // read and write, alone; creates the file when there is none
  kRead,  // beside an owner or without one; the file must exist
};

class Database {
 public:
  // Errors: `journal.in_use` (kFailedPrecondition, names the process), `journal.newer_version`,
  // `journal.wrong_kind`, `journal.damaged` (kDataLoss), `journal.missing` (kNotFound).
  [[nodiscard]] static base::Result<std::unique_ptr<Database>> Open(
      const std::filesystem::path& path, const Schema& schema, Access access);
  // Lost with the object: for tests and simulations.
  [[nodiscard]] static base::Result<std::unique_ptr<Database>> OpenInMemory(const Schema& schema);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // For sqlite_adapter.h, which holds the mutex while it uses the handle.
  [[nodiscard]] SQLite::Database& handle() { return *handle_; }
  [[nodiscard]] std::mutex& mutex() { return mutex_; }
  // The file, or ":memory:".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  class Lock;
  Database(std::string name, std::unique_ptr<Lock> lock);
  [[nodiscard]] base::Status Connect(const std::filesystem::path& path, Access access);

  std::string name_;
  std::unique_ptr<Lock> lock_;  // released after the handle is closed
  std::mutex mutex_;
  std::unique_ptr<SQLite::Database> handle_;
};

}  // namespace zoowarden::journal
