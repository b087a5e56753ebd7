#include "rpc/status.h"

#include "base/text.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace zoowarden::rpc {
namespace {

using base::ErrorCode;

constexpr std::size_t kMaxMessage = 2000;
constexpr std::size_t kMaxReason = 100;

struct CodePair {
  ErrorCode ours;
  grpc::StatusCode theirs;
};

constexpr std::array kCodes{
    CodePair{ErrorCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    CodePair{ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    CodePair{ErrorCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    CodePair{ErrorCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
    CodePair{ErrorCode::kAborted, grpc::StatusCode::ABORTED},
    CodePair{ErrorCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    CodePair{ErrorCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    CodePair{ErrorCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    CodePair{ErrorCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED},
    CodePair{ErrorCode::kDataLoss, grpc::StatusCode::DATA_LOSS},
    CodePair{ErrorCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    CodePair{ErrorCode::kInternal, grpc::StatusCode::INTERNAL},
    CodePair{ErrorCode::kCancelled, grpc::StatusCode::CANCELLED},
};

// "release.wrong_digest"
bool IsReason(const std::string& text) {
  return !text.empty() && text.size() <= kMaxReason &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
         });
}

// What ToGateStatus made.
std::optional<base::Error> GateError(ErrorCode code, const grpc::Status& status) {
  const std::string& message = status.error_message();
  const auto begin = message.rfind(" (");
  if ((code != ErrorCode::kUnauthenticated && code != ErrorCode::kPermissionDenied) ||
      !status.error_details().empty() || begin == std::string::npos || !message.ends_with(')')) {
    return std::nullopt;
  }
  const std::string reason = message.substr(begin + 2, message.size() - begin - 3);
  if (!IsReason(reason)) {
    return std::nullopt;
  }
  return base::Error(code, reason, base::Printable(message.substr(0, begin), kMaxMessage));
}

}  // namespace

grpc::Status ToGrpcStatus(const base::Error& error) {
  const auto* const pair = std::find_if(
      kCodes.begin(), kCodes.end(), [&](const CodePair& c) { return c.ours == error.code(); });
  return {pair == kCodes.end() ? grpc::StatusCode::INTERNAL : pair->theirs,
          base::Printable(error.message(), kMaxMessage),
          error.reason()};
}

grpc::Status ToGrpcStatus(const base::Status& status) {
  return status ? grpc::Status::OK : ToGrpcStatus(status.error());
}

grpc::Status ToGateStatus(const base::Error& error) {
  const auto status = ToGrpcStatus(error);
  return {status.error_code(), status.error_message() + " (" + error.reason() + ")"};
}

base::Error ToError(const grpc::Status& status) {
  const auto* const pair = std::find_if(kCodes.begin(), kCodes.end(), [&](const CodePair& c) {
    return c.theirs == status.error_code();
  });
  const auto code = pair == kCodes.end() ? ErrorCode::kInternal : pair->ours;
  if (auto gate = GateError(code, status)) {
    return *std::move(gate);
  }
  return {code,
          IsReason(status.error_details()) ? status.error_details() : std::string(),
          base::Printable(status.error_message(), kMaxMessage)};
}

base::Status ToStatus(const grpc::Status& status) {
  if (status.ok()) {
    return base::Ok();
  }
  return base::Fail(ToError(status));
}

}  // namespace zoowarden::rpc
