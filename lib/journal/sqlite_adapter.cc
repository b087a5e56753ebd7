#include "journal/sqlite_adapter.h"

#include "base/error_meaning.h"

#include <sqlite3.h>

namespace zoowarden::journal {
namespace {

using base::ErrorCode;

base::ErrorMeaning MeaningOf(int sqlite_code) {
  switch (sqlite_code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::kDataLoss,
              "journal.damaged",
              "keep the file, restore it from a copy or ask for its repair; it is never started "
              "afresh by itself"};
    case SQLITE_FULL:
      return {ErrorCode::kResourceExhausted, "journal.no_space", "free space there and retry"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kUnavailable, "journal.busy", "retry"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return {ErrorCode::kPermissionDenied,
              "journal.not_permitted",
              "give this user access to it and its directory"};
    case SQLITE_IOERR:
      return {ErrorCode::kDataLoss, "journal.io", "check the disk and the kernel's log"};
    default:
      return {ErrorCode::kInternal, "journal.failed", "report this"};
  }
}

}  // namespace

base::Error ToError(const std::string& file,
                    const char* doing,
                    const SQLite::Exception& exception) {
  return MeaningOf(exception.getErrorCode())
      .Of(std::string("cannot ") + doing + " in " + file + ": " + exception.what());
}

}  // namespace zoowarden::journal
