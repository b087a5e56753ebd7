#include "controller/cli/exit_codes.h"

#include "controller/run/denial.h"

#include <array>

namespace zoowarden::controller {

std::span<const ExitCodeMeaning> ExitCodes() {
  static constexpr std::array<ExitCodeMeaning, 12> kTable{{
      {ExitCode::kOk, "ok", "done, or nothing to do"},
      {ExitCode::kError, "error", "an error; status: the ensemble needs attention"},
      {ExitCode::kUsage, "usage", "the command line or a file is wrong; nothing was changed"},
      {ExitCode::kChanges, "changes", "plan --detailed-exitcode: there are changes to make"},
      {ExitCode::kDenied, "denied", "authentication or authorisation failed"},
      {ExitCode::kRefused, "refused", "refused before anything was touched"},
      {ExitCode::kRolledBack,
       "rolled_back",
       "the run failed, every server is back; a rollback that was asked for is 0"},
      {ExitCode::kStuck, "stuck", "going back failed too: an operator is needed"},
      {ExitCode::kHeld, "held", "another controller holds the ensemble"},
      {ExitCode::kTimeout, "timeout", "no answer in time; the run stays open"},
      {ExitCode::kHalted, "halted", "the run halted with mixed servers; status names each"},
      {ExitCode::kInterrupted, "interrupted", "interrupted at a safe point; resume continues"},
  }};
  return kTable;
}

ExitCode ExitCodeOf(const base::Error& error) {
  if (error.reason() == "lease.held" || error.reason() == "run.fenced" ||
      error.reason() == "record.fenced" || error.reason() == "journal.in_use" ||
      error.reason() == "fleet.in_use") {
    return ExitCode::kHeld;
  }
  if (error.reason() == "fleet.halted") {
    return ExitCode::kHalted;
  }
  if (error.reason() == "record.no_majority") {
    return ExitCode::kTimeout;
  }
  if (error.reason() == "pki.no_identity") {
    return ExitCode::kUsage;
  }
  if (IsDenial(error)) {
    return ExitCode::kDenied;
  }
  switch (error.code()) {
    case base::ErrorCode::kInvalidArgument:
      return ExitCode::kUsage;
    case base::ErrorCode::kPermissionDenied:
    case base::ErrorCode::kUnauthenticated:
      return ExitCode::kDenied;
    case base::ErrorCode::kFailedPrecondition:
      return ExitCode::kRefused;
    case base::ErrorCode::kDeadlineExceeded:
      return ExitCode::kTimeout;
    case base::ErrorCode::kCancelled:
      return ExitCode::kInterrupted;
    case base::ErrorCode::kNotFound:
    case base::ErrorCode::kAlreadyExists:
    case base::ErrorCode::kAborted:
    case base::ErrorCode::kUnavailable:
    case base::ErrorCode::kDataLoss:
    case base::ErrorCode::kResourceExhausted:
    case base::ErrorCode::kInternal:
      return ExitCode::kError;
  }
  return ExitCode::kError;
}

}  // namespace zoowarden::controller
