// What a real agent writes down of the calls that it gets over TLS.
#include "journal/audit_chain.h"
#include "rpc/method_table.h"
#include "sys/digest.h"
#include "tests/unit/agent/service/any_call.h"
#include "zoowarden/v1/observe.grpc.pb.h"

#include <algorithm>
#include <set>

namespace zoowarden::agent {
namespace {

class CallAuditTest : public AnyCallTest {
 protected:
  std::vector<journal::AuditRow> Rows() {
    auto rows = core_->audit().List(0, 100'000);
    EXPECT_TRUE(rows) << rows.error().message();
    EXPECT_TRUE(journal::VerifyAudit(*rows, std::nullopt));
    return *rows;
  }
  // "viewer OperateService/Begin permission_denied rpc.not_allowed"
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    for (const auto& row : Rows()) {
      const auto& e = row.entry;
      told.push_back(e.caller.substr(e.caller.rfind('/') + 1) + " " + e.method + " " + e.code +
                     (e.reason.empty() ? "" : " " + e.reason));
    }
    return told;
  }
  static v1::CallHeader Header(std::uint64_t epoch, std::uint64_t sequence) {
    v1::CallHeader header;
    *header.mutable_run() = Run(epoch);
    header.set_operation_id("op1");
    header.set_sequence(sequence);
    return header;
  }
  template <typename Request, typename Reply = v1::OperationReply>
  grpc::Status Operate(grpc::Status (v1::OperateService::Stub::*method)(grpc::ClientContext*,
                                                                        const Request&,
                                                                        Reply*),
                       const v1::CallHeader& header,
                       pki::Role role = pki::Role::kOperator) {
    grpc::ClientContext context;
    SetDeadline(context);
    Request request;
    *request.mutable_call() = header;
    Reply reply;
    v1::OperateService::Stub stub(Channel(role));
    return (stub.*method)(&context, request, &reply);
  }
};

using Stub = v1::OperateService::Stub;

// Whatever is added to the table as changing something, or not.
TEST_F(CallAuditTest, WhatMayChangeSomethingLeavesARowAndWhatReadsNone) {
  ASSERT_TRUE(Acquire(Run(kEpoch)).ok());
  std::set<std::string> expected;
  for (const rpc::MethodRule& rule : rpc::MethodTable()) {
    if (rule.audience == rpc::Audience::kTokenHolders) {
      continue;  // no agent serves it
    }
    const std::string method(rule.method);
    Call(pki::Role::kOperator, method, RequestOf(method));
    if (rule.effect == rpc::Effect::kChanges) {
      expected.insert(method.substr(method.rfind('.') + 1));
    }
  }
  std::set<std::string> told;
  for (const auto& row : Rows()) {
    told.insert(row.entry.method);
  }
  EXPECT_EQ(told, expected);
  EXPECT_GT(expected.size(), 15U);
}

TEST_F(CallAuditTest, ARowSaysHowTheCallEnded) {
  ASSERT_TRUE(Acquire(Run(5)).ok());
  Operate<v1::BeginRequest>(&Stub::Begin, Header(5, 1));
  Operate<v1::RequestPermitRequest, v1::RequestPermitResponse>(&Stub::RequestPermit, Header(5, 2));
  Operate<v1::ProceedRequest>(&Stub::Proceed, Header(5, 3));
  Operate<v1::CommitRequest>(&Stub::Commit, Header(5, 4));
  Operate<v1::RollBackRequest>(&Stub::RollBack, Header(5, 5));
  Operate<v1::CloseRequest>(&Stub::Close, Header(5, 6));
  const std::string content = "not really an archive";
  ASSERT_TRUE(
      Upload(pki::Role::kOperator, Run(5), sys::Digest(sys::Hash::kSha512, content), content).ok());
  grpc::ClientContext put_context;
  v1::PutRecordRequest put;
  *put.mutable_run() = Run(5);
  put.set_sequence(1);
  put.set_state_json("{}");
  v1::PutRecordResponse put_reply;
  ASSERT_TRUE(v1::RecordService::NewStub(Channel(pki::Role::kOperator))
                  ->PutRecord(&put_context, put, &put_reply)
                  .ok());
  grpc::ClientContext canary_context;
  v1::CommitCanaryRequest canary;
  *canary.mutable_run() = Run(5);
  v1::CommitCanaryResponse canary_reply;
  v1::ObserveService::NewStub(Channel(pki::Role::kOperator))
      ->CommitCanary(&canary_context, canary, &canary_reply);
  grpc::ClientContext release_context;
  v1::ReleaseRequest release;
  *release.mutable_run() = Run(5);
  v1::Lease lease;
  ASSERT_TRUE(v1::LeaseService::NewStub(Channel(pki::Role::kOperator))
                  ->Release(&release_context, release, &lease)
                  .ok());
  EXPECT_EQ(Told(),
            (std::vector<std::string>{
                "operator LeaseService/Acquire ok",
                "operator OperateService/Begin invalid_argument begin.bad_kind",
                "operator OperateService/RequestPermit failed_precondition operation.unknown",
                "operator OperateService/Proceed failed_precondition operation.unknown",
                "operator OperateService/Commit failed_precondition operation.unknown",
                "operator OperateService/RollBack failed_precondition operation.unknown",
                "operator OperateService/Close failed_precondition operation.unknown",
                "operator OperateService/Upload begun",
                "operator OperateService/Upload ok",
                "operator RecordService/PutRecord ok",
                "operator ObserveService/CommitCanary unavailable canary.no_process",
                "operator LeaseService/Release ok"}));
  const auto rows = Rows();
  EXPECT_EQ(rows[3].entry.run_id, "run1");
  EXPECT_EQ(rows[3].entry.epoch, 5U);
  EXPECT_EQ(rows[3].entry.operation_id, "op1");
  EXPECT_EQ(rows[3].entry.sequence, 3U);
}

TEST_F(CallAuditTest, ARefusalByRoleByFenceAndOfAMethodThatDoesNotExistLeavesARow) {
  ASSERT_TRUE(Acquire(Run(5)).ok());
  Operate<v1::CloseRequest>(&Stub::Close, Header(5, 1), pki::Role::kViewer);
  Operate<v1::CloseRequest>(&Stub::Close, Header(5, 1), pki::Role::kAgent);
  Operate<v1::CloseRequest>(&Stub::Close, Header(4, 1));
  EXPECT_EQ(
      Told(),
      (std::vector<std::string>{"operator LeaseService/Acquire ok",
                                "viewer OperateService/Close permission_denied rpc.not_allowed",
                                "2 OperateService/Close permission_denied rpc.not_allowed",
                                "operator OperateService/Close aborted fence.stale_epoch"}));
  EXPECT_EQ(Rows()[2].entry.caller, "zoowarden://lab/agent/2");
}

TEST_F(CallAuditTest, ATakeOverSaysWhatItInterrupts) {
  ASSERT_TRUE(Acquire(Run(5)).ok());
  EXPECT_FALSE(Acquire(Run(6, "run2")).ok());
  ASSERT_TRUE(Acquire(Run(6, "run2"), /*take_over=*/true).ok());
  const auto rows = Rows();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].entry.reason, "lease.held");
  EXPECT_TRUE(rows[2].entry.detail.starts_with(
      "takes over from run 'run1' of zoowarden://lab/operator run1, epoch 5, whose lease had "))
      << rows[2].entry.detail;
}

TEST_F(CallAuditTest, WhoCallsAgainAndAgainIsCountedAndDoesNotFillTheJournal) {
  ASSERT_TRUE(Acquire(Run(5)).ok());
  constexpr std::uint64_t kCalls = 300;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    Operate<v1::CloseRequest>(&Stub::Close, Header(4, i), pki::Role::kViewer);
  }
  const auto rows = Rows();
  EXPECT_EQ(rows.size(), 1U + AuditTrail::kRowsPerWindow + 1U);
  std::uint64_t counted = 0;
  for (const auto& row : rows) {
    counted += row.entry.method == "OperateService/Close" ? row.entry.count : 0;
  }
  EXPECT_EQ(counted, kCalls);
}

TEST_F(CallAuditTest, TheAuditGoesOnAfterARestart) {
  ASSERT_TRUE(Acquire(Run(5)).ok());
  const auto before = Rows();
  Start();
  ASSERT_TRUE(Acquire(Run(6)).ok());
  const auto after = Rows();
  ASSERT_EQ(after.size(), before.size() + 1);
  EXPECT_EQ(after.front(), before.front());
}

}  // namespace
}  // namespace zoowarden::agent
