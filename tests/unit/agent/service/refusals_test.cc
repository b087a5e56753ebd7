// Calls that a real agent refuses over TLS, each by its real cause: reason, sentence, and that
// nothing that the agent keeps has changed.
#include "sys/digest.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/service/agent_state.h"
#include "tests/unit/agent/service/any_call.h"
#include "tests/unit/agent/service/three_members.h"
#include "zoowarden/v1/adopt.pb.h"
#include "zoowarden/v1/certificate.pb.h"
#include "zoowarden/v1/observe.pb.h"
#include "zoowarden/v1/releases.pb.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

namespace zoowarden::agent {
namespace {

constexpr const char* kOperation = "op1";
// A stand-in that is told from others by its configuration, and ends by itself. No shell: what it
// forks looks like a second server until it executes something.
constexpr const char* kServerScript =
    "#!/bin/sh\n"
    "perl -e 'sleep 30' org.apache.zookeeper.server.quorum.QuorumPeerMain \"$2\" "
    ">/dev/null 2>&1 &\n";

// Named where the sentence says what it is about.
struct Refusal {
  const char* reason;
  const char* object;
  std::function<grpc::Status()> call;
};

class RefusalsTest : public AnyCallTest {
 protected:
  // A first installation of 3.8.4, staged: the operation is open and waits for its permit.
  void SetUp() override {
    AnyCallTest::SetUp();
    const std::string archive = MakeRelease("3.8.4", kServerScript);
    sha512_ = sys::Digest(sys::Hash::kSha512, archive);
    ASSERT_TRUE(Acquire(Run(kEpoch)).ok());
    ASSERT_TRUE(Upload(pki::Role::kOperator, Run(kEpoch), sha512_, archive).ok());
    const auto begun = Begin(kOperation, 1);
    ASSERT_TRUE(begun.ok()) << begun.error_message();
    ASSERT_TRUE(WaitUntil([this] { return State() != model::OperationState::kStaging; }));
    ASSERT_EQ(State(), model::OperationState::kStaged);
  }
  static bool WaitUntil(const std::function<bool()>& done) {
    const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done() && std::chrono::steady_clock::now() < ends) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return done();
  }
  model::OperationState State() { return core_->Look({}).operation.state; }

  grpc::Status Send(const std::string& method, const google::protobuf::Message& request) {
    grpc::ClientContext context;
    SetDeadline(context);
    grpc::Slice slice(request.SerializeAsString());
    const grpc::ByteBuffer sent(&slice, 1);
    grpc::ByteBuffer reply;
    std::promise<grpc::Status> done;
    grpc::GenericStub stub(Channel(pki::Role::kOperator));
    stub.UnaryCall(
        &context, "/zoowarden.v1." + method, {}, &sent, &reply, [&done](grpc::Status status) {
          done.set_value(std::move(status));
        });
    return done.get_future().get();
  }
  static v1::CallHeader Header(const std::string& operation,
                               std::uint64_t sequence,
                               std::uint64_t epoch = kEpoch) {
    v1::CallHeader header;
    *header.mutable_run() = Run(epoch);
    header.set_operation_id(operation);
    header.set_sequence(sequence);
    return header;
  }
  grpc::Status Begin(const std::string& operation,
                     std::uint64_t sequence,
                     const std::function<void(v1::BeginRequest&)>& change = {}) {
    v1::BeginRequest begin;
    *begin.mutable_call() = Header(operation, sequence);
    begin.set_kind("restart");
    begin.set_step_timeout_ms(60'000);
    begin.mutable_release()->set_version("3.8.4");
    begin.mutable_release()->set_sha512(sha512_);
    auto& configuration = *begin.mutable_configuration();
    for (const char* key : {"tickTime", "initLimit", "syncLimit"}) {
      (*configuration.mutable_settings())[key] = "5";
    }
    configuration.set_client_port(21813);
    (*configuration.mutable_settings())["clientPortAddress"] = "127.0.11.96";
    AddThreeMembers(configuration);
    if (change) {
      change(begin);
    }
    return Send("OperateService/Begin", begin);
  }
  template <typename Request>
  grpc::Status Operate(const std::string& method, const v1::CallHeader& header) {
    Request request;
    *request.mutable_call() = header;
    return Send("OperateService/" + method, request);
  }
  grpc::Status Close(const v1::CallHeader& header) {
    return Operate<v1::CloseRequest>("Close", header);
  }
  template <typename Request>
  grpc::Status ForRun(const std::string& method, const std::function<void(Request&)>& fill = {}) {
    Request request;
    *request.mutable_run() = Run(kEpoch);
    if (fill) {
      fill(request);
    }
    return Send(method, request);
  }
  grpc::Status AskUpload(const std::string& sha512, const std::string& version) {
    return ForRun<v1::GetUploadRequest>("OperateService/GetUpload", [&](auto& request) {
      request.set_sha512(sha512);
      request.set_version(version);
      request.set_fetch(true);
    });
  }
  grpc::Status RemoveRelease(const std::string& name) {
    return ForRun<v1::RemoveReleaseRequest>("ReleaseService/RemoveRelease",
                                            [&](auto& request) { request.set_name(name); });
  }

  void EachIsRefusedAndChangesNothing(const std::vector<Refusal>& refusals) {
    for (const Refusal& refusal : refusals) {
      SCOPED_TRACE(refusal.reason);
      const auto before = StateOfAgent(scratch_->path());
      const grpc::Status status = refusal.call();
      EXPECT_EQ(status.ok() ? "accepted" : status.error_details(), refusal.reason)
          << status.error_message();
      const std::string& sentence = status.error_message();
      EXPECT_NE(sentence.find(refusal.object), std::string::npos) << sentence;
      const auto next = sentence.rfind("; ");
      EXPECT_TRUE(next != std::string::npos && next + 10 < sentence.size())
          << "no next step: " << sentence;
      EXPECT_EQ(StateOfAgent(scratch_->path()), before) << sentence;
    }
  }

  std::string sha512_;
};

// What the comparisons below rest on.
TEST_F(RefusalsTest, AnotherByteOrRowIsSeen) {
  auto before = StateOfAgent(scratch_->path());
  ASSERT_TRUE(sys::WriteFileAtomically(At("state/uploads/x"), "a", 0600));
  EXPECT_NE(StateOfAgent(scratch_->path()), before);
  before = StateOfAgent(scratch_->path());
  {
    std::ofstream file(At("state/uploads/x"), std::ios::in | std::ios::out);
    file << "b";
  }
  EXPECT_NE(StateOfAgent(scratch_->path()), before) << "the same inode and size";
  before = StateOfAgent(scratch_->path());
  ASSERT_TRUE(Acquire(Run(kEpoch + 1), /*take_over=*/true).ok());
  EXPECT_NE(StateOfAgent(scratch_->path()), before);
}

TEST_F(RefusalsTest, WhoHoldsTheServerAndWhatIsOpenIsSaid) {
  EachIsRefusedAndChangesNothing({
      {"fence.not_acquired", "epoch 6", [&] { return Close(Header(kOperation, 2, kEpoch + 1)); }},
      {"fence.stale_epoch", "run 'run1'", [&] { return Close(Header(kOperation, 2, 4)); }},
      {"fence.stale_epoch", "run 'run1'", [&] { return Acquire(Run(4)); }},
      {"lease.held", "run 'run1'", [&] { return Acquire(Run(kEpoch + 1, "run2")); }},
      {"call.no_run", "ensemble lab", [&] { return Acquire(Run(0)); }},
      {"call.other_ensemble",
       "'payments'",
       [&] {
         auto run = Run(kEpoch);
         run.set_ensemble("payments");
         return Acquire(run);
       }},
      {"operation.unknown", "'op9'", [&] { return Close(Header("op9", 1)); }},
      {"operation.wrong_state",
       "operation op1 is staged",
       [&] { return Operate<v1::CommitRequest>("Commit", Header(kOperation, 2)); }},
      {"operation.in_progress", "operation op1", [&] { return Begin("op2", 1); }},
      {"operation.id_reused", "'op1'", [&] { return Begin(kOperation, 3); }},
      {"begin.bad_kind",
       "kind is not one",
       [&] { return Begin("op2", 2, [](auto& begin) { begin.set_kind("dance"); }); }},
      {"call.sequence_reused",
       "operation op1 was a begin",
       [&] { return Close(Header(kOperation, 1)); }},
      {"permit.unknown",
       "'x'",
       [&] {
         v1::ProceedRequest request;
         *request.mutable_call() = Header(kOperation, 4);
         request.set_permit_id("x");
         return Send("OperateService/Proceed", request);
       }},
      {"adopt.busy",
       "operation op1",
       [&] { return ForRun<v1::AdoptRequest>("AdoptService/Adopt"); }},
      {"release.in_use", "3.8.4-", [&] { return RemoveRelease("3.8.4-" + sha512_.substr(0, 8)); }},
  });
  EXPECT_EQ(State(), model::OperationState::kStaged);
}

// The installation goes on until it waits to be committed.
TEST_F(RefusalsTest, OnlyWhatIsCurrentAndRunsIsCommitted) {
  std::filesystem::create_directories(At("data"));
  v1::ProceedRequest proceed;
  *proceed.mutable_call() = Header(kOperation, 2);
  const auto proceeded = Send("OperateService/Proceed", proceed);
  ASSERT_TRUE(proceeded.ok()) << proceeded.error_message();
  ASSERT_TRUE(WaitUntil([this] { return State() == model::OperationState::kVerifying; }))
      << model::OperationStateName(State()) << core_->Look({}).operation.failure;
  const auto commit = [this](std::uint64_t sequence) {
    return Operate<v1::CommitRequest>("Commit", Header(kOperation, sequence));
  };
  const std::string digest = std::filesystem::read_symlink(At("generations/current"));
  ASSERT_TRUE(sys::ReplaceSymlink(At("generations/current"), "0123456789abcdef"));
  EachIsRefusedAndChangesNothing(
      {{"commit.not_current", "of this operation", [&] { return commit(3); }}});
  ASSERT_TRUE(sys::ReplaceSymlink(At("generations/current"), digest));
  const auto process = core_->Look({}).process;
  ASSERT_TRUE(process);
  ::kill(process->pid, SIGKILL);
  ASSERT_TRUE(WaitUntil([this] { return !core_->Look({}).process; }));
  EachIsRefusedAndChangesNothing(
      {{"commit.not_running", "no process of generation '", [&] { return commit(4); }}});
  EXPECT_EQ(State(), model::OperationState::kVerifying);
}

TEST_F(RefusalsTest, APlanOfAnotherServerIsSaidWithBothGenerations) {
  ASSERT_TRUE(Close(Header(kOperation, 2)).ok());
  EachIsRefusedAndChangesNothing({
      {"operation.other_generation",
       "'0123456789abcdef'",
       [&] {
         return Begin("op2", 1, [](auto& begin) { begin.set_from_generation("0123456789abcdef"); });
       }},
      {"begin.bad_from_generation",
       "the generation to remove",
       [&] { return Begin("op3", 1, [](auto& begin) { begin.set_kind("remove"); }); }},
      {"adopt.no_process", "data", [&] { return ForRun<v1::AdoptRequest>("AdoptService/Adopt"); }},
      {"begin.bad_version",
       "version",
       [&] {
         return Begin("op4", 1, [](auto& begin) { begin.mutable_release()->set_version("new"); });
       }},
  });
}

TEST_F(RefusalsTest, WhichArchiveReleaseRecordOrCertificateIsMeantIsSaid) {
  const std::string unknown(128, 'e');
  EachIsRefusedAndChangesNothing({
      {"upload.bad_version", "'new'", [&] { return AskUpload(unknown, "new"); }},
      {"download.not_declared", "eeeeeeee", [&] { return AskUpload(unknown, "3.9.4"); }},
      {"release.bad_digest", "'x'", [&] { return AskUpload("x", "3.9.4"); }},
      {"release.wrong_digest",
       "eeeeeeee",
       [&] { return Upload(pki::Role::kOperator, Run(kEpoch), unknown, "another"); }},
      {"release.not_unpacked", "3.8.9-eeeeeeee", [&] { return RemoveRelease("3.8.9-eeeeeeee"); }},
      {"release.not_staged", "eeeeeeee", [&] { return RemoveRelease(unknown); }},
      {"record.unknown",
       "'nobody'",
       [&] {
         v1::GetRecordRequest request;
         request.set_run_id("nobody");
         return Send("RecordService/GetRecord", request);
       }},
      {"record.too_many_events",
       "run 'run1'",
       [&] {
         return ForRun<v1::PutRecordRequest>("RecordService/PutRecord", [](auto& request) {
           request.set_sequence(1);
           request.set_state_json("{}");
           for (int i = 0; i < 1'001; ++i) {
             request.add_events();
           }
         });
       }},
      {"canary.no_process",
       "data",
       [&] { return ForRun<v1::CommitCanaryRequest>("ObserveService/CommitCanary"); }},
      {"pki.no_request",
       "request",
       [&] {
         return Send("CertificateService/InstallCertificate", v1::InstallCertificateRequest());
       }},
      {"pki.crl_not_configured",
       "agent.yaml",
       [&] { return Send("CertificateService/PutCrl", v1::PutCrlRequest()); }},
  });
}

}  // namespace
}  // namespace zoowarden::agent
