#include "rpc/status.h"

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <set>

namespace zoowarden::rpc {
namespace {

using base::ErrorCode;

constexpr ErrorCode kAll[] = {ErrorCode::kInvalidArgument,
                              ErrorCode::kNotFound,
                              ErrorCode::kAlreadyExists,
                              ErrorCode::kFailedPrecondition,
                              ErrorCode::kAborted,
                              ErrorCode::kUnavailable,
                              ErrorCode::kDeadlineExceeded,
                              ErrorCode::kPermissionDenied,
                              ErrorCode::kUnauthenticated,
                              ErrorCode::kDataLoss,
                              ErrorCode::kResourceExhausted,
                              ErrorCode::kInternal,
                              ErrorCode::kCancelled};

TEST(StatusTest, EveryCodeGoesThereAndBack) {
  std::set<int> seen;
  for (const ErrorCode code : kAll) {
    const grpc::Status status = ToGrpcStatus(base::Error(code, "a.reason_1", "the message"));
    EXPECT_TRUE(seen.insert(static_cast<int>(status.error_code())).second);
    const base::Error back = ToError(status);
    EXPECT_EQ(back.code(), code);
    EXPECT_EQ(back.reason(), "a.reason_1");
    EXPECT_EQ(back.message(), "the message");
  }
}

TEST(StatusTest, SuccessIsSuccess) {
  EXPECT_TRUE(ToGrpcStatus(base::Ok()).ok());
  EXPECT_TRUE(ToStatus(grpc::Status::OK));
  EXPECT_FALSE(ToStatus(grpc::Status(grpc::StatusCode::ABORTED, "x")));
}

TEST(StatusTest, CodesThatWeDoNotUseAreInternalErrors) {
  for (const auto code : {grpc::StatusCode::UNKNOWN,
                          grpc::StatusCode::UNIMPLEMENTED,
                          grpc::StatusCode::OUT_OF_RANGE}) {
    EXPECT_EQ(ToError(grpc::Status(code, "x")).code(), ErrorCode::kInternal);
  }
}

TEST(StatusTest, AHostilePeerGetsNoControlCharactersAndNoPagesThrough) {
  const base::Error error = ToError(grpc::Status(
      grpc::StatusCode::ABORTED, "a\x1b[31m" + std::string(100'000, 'x'), "bad\nreason"));
  EXPECT_EQ(error.reason(), "");
  EXPECT_EQ(error.message().find('\x1b'), std::string::npos);
  EXPECT_LT(error.message().size(), 3000U);
}

// gRPC drops the status details of an authentication processor.
TEST(StatusTest, TheGatesReasonSurvivesWithoutDetails) {
  const auto sent = ToGateStatus(
      base::Error(ErrorCode::kUnauthenticated, "pki.crl_missing", "no list (none at all)"));
  const auto back = ToError(grpc::Status(sent.error_code(), sent.error_message()));
  EXPECT_EQ(back.code(), ErrorCode::kUnauthenticated);
  EXPECT_EQ(back.reason(), "pki.crl_missing");
  EXPECT_EQ(back.message(), "no list (none at all)");
  const auto other = ToError(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "no (NO)"));
  EXPECT_EQ(other.reason(), "");
  EXPECT_EQ(other.message(), "no (NO)");
}

}  // namespace
}  // namespace zoowarden::rpc
