// Errors are values. A fault of the world is an Error; an impossible state aborts (check.h).
//
// Thread rule: values, no shared state. Codes are one-to-one with gRPC's canonical codes, so that
// an error keeps its meaning when it crosses the wire.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace zoowarden::base {

enum class ErrorCode {
  kInvalidArgument,     // the caller's input is wrong; retrying the same cannot help
  kNotFound,            // the named object does not exist
  kAlreadyExists,       // the named object exists and must not
  kFailedPrecondition,  // the world is not in the state the call needs; fix that first
  kAborted,             // a conflict (fencing, another holder); start again from observing
  kUnavailable,         // the other side cannot be reached now; retry the call
  kDeadlineExceeded,    // unknown whether it happened
  kPermissionDenied,
  kUnauthenticated,
  kDataLoss,  // stored data is not what was written
  kResourceExhausted,
  kInternal,
  kCancelled,
};

// The lower-case name used in JSON output, e.g. "failed_precondition". Never change.
[[nodiscard]] std::string_view ErrorCodeName(ErrorCode code);

class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
  // `reason` is a stable machine-readable name such as "release.wrong_digest".
  Error(ErrorCode code, std::string reason, std::string message)
      : code_(code), reason_(std::move(reason)), message_(std::move(message)) {}

  [[nodiscard]] ErrorCode code() const { return code_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  // Contexts outermost first, then the message: "while staging server 3: no space left".
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] bool Is(ErrorCode code) const { return code_ == code; }

  [[nodiscard]] Error WithContext(std::string_view context) && {
    message_ = std::string(context) + ": " + message_;
    return std::move(*this);
  }
  [[nodiscard]] Error WithContext(std::string_view context) const& {
    return Error(*this).WithContext(context);
  }

 private:
  ErrorCode code_;
  std::string reason_;
  std::string message_;
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

[[nodiscard]] inline Status Ok() { return Status(); }

[[nodiscard]] inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}
[[nodiscard]] inline tl::unexpected<Error> Fail(ErrorCode code,
                                                std::string reason,
                                                std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(reason), std::move(message)));
}
[[nodiscard]] inline tl::unexpected<Error> Fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace zoowarden::base

#define ZW_CONCAT_INNER(a, b) a##b
#define ZW_CONCAT(a, b) ZW_CONCAT_INNER(a, b)

// Returns the error of a Status or Result expression to the caller.
#define ZW_TRY(expression)                                                  \
  do {                                                                      \
    if (auto zw_status = (expression); !zw_status) {                        \
      return ::tl::unexpected<::zoowarden::base::Error>(zw_status.error()); \
    }                                                                       \
  } while (false)

// ZW_ASSIGN(auto value, MayFail()); returns the error, or declares/assigns the value.
#define ZW_ASSIGN(target, expression) \
  ZW_ASSIGN_INNER(target, expression, ZW_CONCAT(zw_r_, __LINE__))
#define ZW_ASSIGN_INNER(target, expression, result)                    \
  auto result = (expression);                                          \
  if (!result) {                                                       \
    return ::tl::unexpected<::zoowarden::base::Error>(result.error()); \
  }                                                                    \
  target = *std::move(result)
