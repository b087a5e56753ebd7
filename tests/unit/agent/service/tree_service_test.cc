// The tree service of a whole agent, as far as it needs no ZooKeeper.
#include "tests/support/wait_until.h"
#include "tests/unit/agent/service/running_agent.h"
#include "zoowarden/v1/tree.grpc.pb.h"

namespace zoowarden::agent {
namespace {

class TreeServiceTest : public RunningAgentTest {
 protected:
  std::uint64_t LeaseLeft() {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::Lease lease;
    const auto stub = v1::LeaseService::NewStub(Channel(pki::Role::kOperator));
    EXPECT_TRUE(stub->GetLease(&context, {}, &lease).ok());
    return lease.left_ms();
  }
  grpc::Status Read(const v1::RunHeader& run, const std::vector<std::string>& paths) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::ReadZnodesRequest request;
    *request.mutable_run() = run;
    for (const auto& path : paths) {
      request.add_paths(path);
    }
    v1::ZnodeBatch reply;
    return v1::TreeService::NewStub(Channel(pki::Role::kOperator))
        ->ReadZnodes(&context, request, &reply);
  }
};

TEST_F(TreeServiceTest, WithoutPathsTheLeaseIsRenewedAndNothingElse) {
  ASSERT_TRUE(Acquire(Run(1)).ok());
  const auto full = LeaseLeft();
  test::WaitUntil([&] { return LeaseLeft() + 500 < full; });
  const auto before = LeaseLeft();
  const auto status = Read(Run(1), {});
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_GT(LeaseLeft(), before + 250);
  EXPECT_EQ(Read(Run(2, "run2"), {}).error_details(), "fence.not_acquired");
}

TEST_F(TreeServiceTest, WhatIsNoPathIsRefused) {
  ASSERT_TRUE(Acquire(Run(1)).ok());
  EXPECT_EQ(Read(Run(1), {"a"}).error_details(), "tree.bad_paths");
  EXPECT_EQ(Read(Run(1), std::vector<std::string>(1'001, "/a")).error_details(), "tree.bad_paths");
  EXPECT_EQ(Read(Run(1), {"/a"}).error_details(), "tree.no_process");
}

}  // namespace
}  // namespace zoowarden::agent
