#include "agent/service/call_limits.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace zoowarden::agent {
namespace {

class CallLimitsTest : public ::testing::Test {
 protected:
  // "" or the reason of the refusal; who came in stays.
  std::string Enter(pki::Role role, CallKind kind) {
    auto place = limits_.Enter(role, kind);
    if (!place) {
      return place.error().reason();
    }
    inside_.push_back(std::move(*place));
    return "";
  }
  CallLimits limits_;
  std::vector<CallLimits::Place> inside_;
};

TEST_F(CallLimitsTest, OthersLeaveRoomForOperators) {
  for (int i = 0; i < CallLimits::kMostOfOthers; ++i) {
    EXPECT_EQ(Enter(i % 2 == 0 ? pki::Role::kViewer : pki::Role::kPlanner, CallKind::kRead), "");
  }
  EXPECT_EQ(Enter(pki::Role::kApprover, CallKind::kRead), "call.busy");
  for (int i = 0; i < 3 * CallLimits::kMostOfOthers; ++i) {
    EXPECT_EQ(Enter(pki::Role::kOperator, CallKind::kRead), "");
  }
  inside_.clear();
  EXPECT_EQ(Enter(pki::Role::kApprover, CallKind::kRead), "");
}

TEST_F(CallLimitsTest, OfWhatTakesLongOneIsForOperatorsAlone) {
  for (const CallKind kind : {CallKind::kUpload, CallKind::kVerify}) {
    EXPECT_EQ(Enter(pki::Role::kPlanner, kind), "");
    EXPECT_EQ(Enter(pki::Role::kViewer, kind), "call.busy");
    EXPECT_EQ(Enter(pki::Role::kOperator, kind), "");
    EXPECT_EQ(Enter(pki::Role::kOperator, kind), "call.busy");
  }
}

TEST_F(CallLimitsTest, OperatorsHaveNoMoreThanAllTogether) {
  EXPECT_EQ(Enter(pki::Role::kOperator, CallKind::kUpload), "");
  EXPECT_EQ(Enter(pki::Role::kOperator, CallKind::kUpload), "");
  EXPECT_EQ(Enter(pki::Role::kOperator, CallKind::kUpload), "call.busy");
  EXPECT_EQ(Enter(pki::Role::kPlanner, CallKind::kUpload), "call.busy");
  EXPECT_EQ(Enter(pki::Role::kOperator, CallKind::kVerify), "");
}

TEST_F(CallLimitsTest, ARefusalTakesNoPlace) {
  EXPECT_EQ(Enter(pki::Role::kViewer, CallKind::kVerify), "");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Enter(pki::Role::kViewer, CallKind::kVerify), "call.busy");
  }
  EXPECT_EQ(Enter(pki::Role::kViewer, CallKind::kRead), "");
}

}  // namespace
}  // namespace zoowarden::agent
