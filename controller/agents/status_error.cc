#include "controller/agents/status_error.h"

#include "base/text.h"
#include "controller/agents/wire_values.h"

#include <grpcpp/support/status.h>

namespace zoowarden::controller {

namespace {

base::ErrorCode CodeOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
      return base::ErrorCode::kInvalidArgument;
    case grpc::StatusCode::NOT_FOUND:
      return base::ErrorCode::kNotFound;
    case grpc::StatusCode::ALREADY_EXISTS:
      return base::ErrorCode::kAlreadyExists;
    case grpc::StatusCode::FAILED_PRECONDITION:
      return base::ErrorCode::kFailedPrecondition;
    case grpc::StatusCode::ABORTED:
      return base::ErrorCode::kAborted;
    case grpc::StatusCode::UNAVAILABLE:
      return base::ErrorCode::kUnavailable;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return base::ErrorCode::kDeadlineExceeded;
    case grpc::StatusCode::PERMISSION_DENIED:
      return base::ErrorCode::kPermissionDenied;
    case grpc::StatusCode::UNAUTHENTICATED:
      return base::ErrorCode::kUnauthenticated;
    case grpc::StatusCode::DATA_LOSS:
      return base::ErrorCode::kDataLoss;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return base::ErrorCode::kResourceExhausted;
    case grpc::StatusCode::CANCELLED:
      return base::ErrorCode::kCancelled;
    default:
      return base::ErrorCode::kInternal;
  }
}

}  // namespace

base::Error ErrorOf(const grpc::Status& status) {
  std::string reason = status.error_details();
  if (!CheckIdentifier("reason", reason)) {
    reason.clear();
  }
  return {CodeOf(status.error_code()),
          std::move(reason),
          base::Printable(status.error_message(), kMaxText)};
}

}  // namespace zoowarden::controller
