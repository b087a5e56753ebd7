#include "rpc/limits.h"
#include "tests/unit/rpc/loopback.h"

namespace zoowarden::rpc {
namespace {

using grpc::StatusCode;
using LimitsTest = LoopbackTest;

TEST_F(LimitsTest, ARequestOverTheLimitIsRefusedAndTheConnectionLives) {
  const auto channel = ChannelAs(IssueFrom("ca", pki::Role::kOperator));
  v1::BeginRequest request;
  request.set_kind(std::string(kMaxMessageBytes + 1, 'x'));
  EXPECT_EQ(Begin(channel, request).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(operate_.calls, 0);
  request.set_kind(std::string(kMaxMessageBytes / 2, 'x'));
  EXPECT_EQ(Begin(channel, request).error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(operate_.calls, 1);
}

TEST_F(LimitsTest, AReplyOverTheLimitIsRefused) {
  observe_.padding = kMaxMessageBytes + 1;
  const auto channel = ChannelAs(IssueFrom("ca", pki::Role::kOperator));
  EXPECT_EQ(GetStatus(channel).status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(LimitsTest, ASecondServerOnTheSamePortIsRefused) {
  const auto second = StartServer(
      server_->address(), Fixed(IssueFrom("ca", pki::Role::kAgent, 1)), judge_, {&observe_});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason(), "rpc.cannot_listen");
  EXPECT_NE(second.error().message().find(server_->address()), std::string::npos);
}

TEST_F(LimitsTest, AStoppedServerTakesNoCalls) {
  const auto channel = ChannelAs(IssueFrom("ca", pki::Role::kViewer));
  ASSERT_TRUE(GetStatus(channel).status.ok());
  server_->Stop(std::chrono::seconds(1));
  server_->Stop(std::chrono::seconds(1));
  EXPECT_EQ(GetStatus(channel).status.error_code(), StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace zoowarden::rpc
