#include "sys/errno_error.h"

#include "base/error_meaning.h"

#include <cctype>
#include <cerrno>
#include <string>
#include <system_error>

namespace zoowarden::sys {
namespace {

using base::ErrorCode;

base::ErrorMeaning MeaningOf(int error_number) {
  switch (error_number) {
    case ENOENT:
      return {ErrorCode::kNotFound, "file.not_found", "check the path"};
    case ESRCH:
      return {ErrorCode::kNotFound, "process.not_found", "look at the process list again"};
    case EEXIST:
      return {ErrorCode::kAlreadyExists, "file.exists", "remove it or choose another name"};
    case EACCES:
    case EPERM:
      return {ErrorCode::kPermissionDenied, "file.not_permitted", "give this user access to it"};
    case EROFS:
      return {ErrorCode::kFailedPrecondition, "file.read_only", "remount its file system writable"};
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return {ErrorCode::kInvalidArgument, "file.wrong_kind", "check what is at the path"};
    case ENOSPC:
    case EDQUOT:
      return {ErrorCode::kResourceExhausted, "file.no_space", "free space there and retry"};
    case EMFILE:
    case ENFILE:
      return {
          ErrorCode::kResourceExhausted, "process.descriptors", "raise LimitNOFILE and restart"};
    case EIO:
      return {ErrorCode::kDataLoss, "file.io", "check the disk and the kernel's log"};
    default:
      return {ErrorCode::kInternal, "file.failed", "see the kernel's log and retry"};
  }
}

}  // namespace

base::Error ErrnoError(std::string_view action, std::string_view object, int error_number) {
  std::string what = std::generic_category().message(error_number);
  if (!what.empty()) {
    what[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(what[0])));
  }
  std::string message = "cannot ";
  message.append(action).append(" ").append(object).append(": ").append(what);
  return MeaningOf(error_number).Of(message);
}

}  // namespace zoowarden::sys
