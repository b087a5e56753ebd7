// Every method called by every role over TLS at a real agent.
#include "sys/digest.h"
#include "tests/support/method_matrix.h"
#include "tests/unit/agent/service/agent_state.h"
#include "tests/unit/agent/service/any_call.h"
#include "zoowarden/v1/enrol.pb.h"

#include <filesystem>

namespace zoowarden::agent {
namespace {

using grpc::StatusCode;

// gRPC carries no reason with a refusal before the handler.
bool IsRefusalOf(pki::Role role, const grpc::Status& status) {
  return status.error_message().starts_with("role " + std::string(pki::RoleName(role)) +
                                            " may not call ");
}

class AccessTest : public AnyCallTest {
 protected:
  // What a call that got through would have changed: lease, operation, records and files.
  std::map<std::string, std::string> State() {
    auto state = StateOfAgent(scratch_->path());
    const auto lease = core_->WithLease([](LeaseKeeper& keeper) { return keeper.Get().owner; });
    state["lease"] = lease.run_id + " " + std::to_string(lease.epoch);
    state["operation"] = core_->Look({}).operation.operation_id;
    return state;
  }
};

TEST_F(AccessTest, WhoMayNotCallAMethodIsRefusedOverTlsAndChangesNothing) {
  // No agent serves it, so nothing else here would bring its descriptor.
  ASSERT_NE(v1::EnrolRequest::descriptor(), nullptr);
  ASSERT_TRUE(Acquire(Run(kEpoch)).ok());
  const auto before = State();
  ASSERT_GT(before.size(), 10U);
  int refused = 0;
  for (const test::MatrixRow& row : test::kMethodMatrix) {
    for (const pki::Role role : pki::kRoles) {
      if (!row.Allows(role)) {
        const auto status = Call(role, row.method);
        EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED)
            << row.method << " by " << pki::RoleName(role) << ": " << status.error_message();
        EXPECT_TRUE(IsRefusalOf(role, status)) << status.error_message();
        ++refused;
      }
    }
  }
  EXPECT_EQ(State(), before);
  EXPECT_GT(refused, 50);
}

TEST_F(AccessTest, WhoMayCallAMethodReachesIt) {
  for (const test::MatrixRow& row : test::kMethodMatrix) {
    for (const pki::Role role : pki::kRoles) {
      if (row.Allows(role)) {
        const auto status = Call(role, row.method);
        EXPECT_FALSE(IsRefusalOf(role, status)) << row.method << " by " << pki::RoleName(role);
      }
    }
  }
}

TEST_F(AccessTest, AMethodThatDoesNotExistIsRefusedForOperatorsToo) {
  const auto status = Call(pki::Role::kOperator, "/zoowarden.v1.OperateService/Erase", "");
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
}

class StagingTest : public RunningAgentTest {
 protected:
  static v1::RunHeader NoRun() {
    v1::RunHeader header;
    header.set_ensemble("lab");
    return header;
  }
  const std::string content_ = "not really an archive";
  const std::string sha512_ = sys::Digest(sys::Hash::kSha512, content_);
};

TEST_F(StagingTest, APlannerBringsAnArchiveWhileNoRunHoldsTheServer) {
  const auto status = Upload(pki::Role::kPlanner, NoRun(), sha512_, content_);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(std::filesystem::exists(At("state/uploads/" + sha512_ + ".archive")));
}

TEST_F(StagingTest, ARunKeepsThePlannerOutAndIsNotRenewedByIt) {
  ASSERT_TRUE(Acquire(Run(kEpoch)).ok());
  EXPECT_EQ(Upload(pki::Role::kPlanner, NoRun(), sha512_, content_).error_details(), "lease.held");
  EXPECT_EQ(Upload(pki::Role::kPlanner, Run(kEpoch), sha512_, content_).error_details(),
            "call.not_an_operator");
  EXPECT_FALSE(std::filesystem::exists(At("state/uploads/" + sha512_ + ".archive")));
  EXPECT_TRUE(Upload(pki::Role::kOperator, Run(kEpoch), sha512_, content_).ok());
}

TEST_F(StagingTest, AHalfNamedRunIsNoStaging) {
  v1::RunHeader half = NoRun();
  half.set_holder("somebody");
  EXPECT_EQ(Upload(pki::Role::kPlanner, half, sha512_, content_).error_details(),
            "call.not_an_operator");
  EXPECT_EQ(Upload(pki::Role::kOperator, half, sha512_, content_).error_details(), "call.no_run");
}

}  // namespace
}  // namespace zoowarden::agent
