// Operations and releases over the wire: which steps are streamed, what closing an operation
// collects, and who may remove.
#include "agent/install/release_record.h"
#include "sys/digest.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/service/running_agent.h"
#include "zoowarden/v1/releases.grpc.pb.h"

#include <filesystem>
#include <fstream>
#include <thread>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;

class ReleaseServiceTest : public RunningAgentTest {
 protected:
  // A generation of 3.8.4, and a release that no generation names.
  void SetUp() override {
    RunningAgentTest::SetUp();
    Stop();
    const std::string archive = MakeRelease("3.8.4", "#!/bin/sh\n");
    const std::string sha512 = sys::Digest(sys::Hash::kSha512, archive);
    Write(At("archives/a.tar.gz"), archive);
    auto config = Config();
    config.archive_directories = {At("archives")};
    auto instance = Instance::Open(config);
    ASSERT_TRUE(instance) << instance.error().message();
    const auto made = (*instance)->Stage(
        {.release = {.version = {3, 8, 4}, .sha512 = sha512},
         .configuration = {.settings = {{"tickTime", "2000"},
                                        {"initLimit", "10"},
                                        {"syncLimit", "5"}}},
         .members = {{.id = {1}, .host = "a", .quorum_port = 2888, .election_port = 3888},
                     {.id = {2}, .host = "b", .quorum_port = 2888, .election_port = 3888},
                     {.id = {3}, .host = "c", .quorum_port = 2888, .election_port = 3888}},
         .client_port = 2181});
    ASSERT_TRUE(made) << made.error().message();
    staged_ = made->digest;
    release_ = "3.8.4-" + sha512.substr(0, 8);
    Write(At("releases/3.8.1-aaaaaaaa/zoowarden-release.json"),
          PrintReleaseRecord({.version = {3, 8, 1}, .sha512 = std::string(128, 'a'), .files = {}}));
    instance->reset();
    Start();
    stub_ = v1::ReleaseService::NewStub(Channel(pki::Role::kOperator));
    operate_ = v1::OperateService::NewStub(Channel(pki::Role::kOperator));
    ASSERT_TRUE(Acquire(Run(5)).ok());
  }
  static void Write(const fs::path& path, const std::string& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }

  v1::ReleasesResponse List() {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::ReleasesResponse reply;
    const auto status = stub_->ListReleases(&context, {}, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  grpc::Status Remove(const std::string& name, std::uint64_t epoch = 5) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::RemoveReleaseRequest request;
    *request.mutable_run() = Run(epoch);
    request.set_name(name);
    v1::RemoveReleaseResponse reply;
    return stub_->RemoveRelease(&context, request, &reply);
  }
  static v1::CallHeader Header(std::uint64_t sequence) {
    v1::CallHeader call;
    *call.mutable_run() = Run(5);
    call.set_operation_id("run1-1");
    call.set_sequence(sequence);
    return call;
  }
  void BeginAndWaitUntilStaged() {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::BeginRequest request;
    *request.mutable_call() = Header(1);
    request.set_kind("restart");
    request.set_existing_generation(staged_);
    request.set_expected_digest(staged_);
    request.set_step_timeout_ms(60'000);
    const auto status = operate_->Begin(&context, request, &begun_);
    ASSERT_TRUE(status.ok()) << status.error_message();
    const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (core_->Look({}).operation.state != model::OperationState::kStaged) {
      ASSERT_LT(std::chrono::steady_clock::now(), ends) << core_->Look({}).operation.failure;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  // The states that are streamed until this one.
  std::vector<std::string> StepsUntil(const std::string& last, std::uint64_t after) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::WatchRequest request;
    *request.mutable_run() = Run(5);
    request.set_operation_id("run1-1");
    request.set_after_sequence(after);
    const auto stream = operate_->Watch(&context, request);
    std::vector<std::string> steps;
    for (v1::OperationEvent event; stream->Read(&event);) {
      steps.push_back(event.state());
      if (event.state() == last) {
        context.TryCancel();
      }
    }
    return steps;
  }
  grpc::Status Close() {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::CloseRequest request;
    *request.mutable_call() = Header(2);
    v1::OperationReply reply;
    return operate_->Close(&context, request, &reply);
  }

  std::string staged_;
  std::string release_;
  v1::OperationReply begun_;
  std::unique_ptr<v1::ReleaseService::Stub> stub_;
  std::unique_ptr<v1::OperateService::Stub> operate_;
};

// Actual: who begins to watch an operation is told what happened long ago, as if it were now.
// Expected: an answer names the change that its call made, and that is where to watch from. A
// controller from before names none and is told all.
TEST_F(ReleaseServiceTest, StepsAreStreamedFromTheChangeThatIsNamed) {
  BeginAndWaitUntilStaged();
  EXPECT_EQ(begun_.sequence(), 1U);
  EXPECT_EQ(StepsUntil("staged", 0), (std::vector<std::string>{"staging", "staged"}));
  EXPECT_EQ(StepsUntil("staged", begun_.sequence()), std::vector<std::string>{"staged"});
}

TEST_F(ReleaseServiceTest, ClosingAnOperationCollectsAndKeepsWhatItWasFor) {
  EXPECT_EQ(List().releases_size(), 2);
  BeginAndWaitUntilStaged();
  EXPECT_EQ(List().releases_size(), 2);
  ASSERT_TRUE(Close().ok());
  const auto left = List();
  ASSERT_EQ(left.releases_size(), 1);
  EXPECT_EQ(left.releases(0).name(), release_);
  EXPECT_EQ(left.releases(0).version(), "3.8.4");
  EXPECT_FALSE(left.releases(0).generations(0).needed());
}

TEST_F(ReleaseServiceTest, WhatAnOpenOperationNeedsIsNotRemoved) {
  BeginAndWaitUntilStaged();
  EXPECT_TRUE(List().releases(1).generations(0).needed());
  EXPECT_EQ(Remove(release_).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(List().releases_size(), 2);
  ASSERT_TRUE(Close().ok());
  EXPECT_TRUE(Remove(release_).ok());
  EXPECT_EQ(List().releases_size(), 0);
  EXPECT_FALSE(fs::exists(At("generations/" + staged_)));
}

TEST_F(ReleaseServiceTest, WhatWasRemovedGoesFromTheDiskWhileTheAgentRuns) {
  ASSERT_TRUE(Remove(release_).ok());
  EXPECT_EQ(List().releases_size(), 1);
  WaitForRemovals();
}

// Actual: that nothing can be removed any more is told by `releases list` alone. Expected: an
// observation tells it, as whatever else keeps an agent from its work.
TEST_F(ReleaseServiceTest, WhereNoReleaseMayGoAnObservationSaysSo) {
  EXPECT_EQ(core_->Look({}).problem, "");
  fs::remove(At("generations/" + staged_ + "/release"));
  const std::string problem = core_->Look({}).problem;
  EXPECT_NE(problem.find("no release is removed"), std::string::npos) << problem;
  EXPECT_NE(problem.find(staged_), std::string::npos) << problem;
  EXPECT_EQ(core_->Look({.canary = model::Zxid{1}}).problem, "");
}

TEST_F(ReleaseServiceTest, AStagedArchiveIsListedAndRemovedByItsSha512) {
  const std::string content = "no archive, but its bytes";
  const std::string sha512 = sys::Digest(sys::Hash::kSha512, content);
  ASSERT_TRUE(Upload(pki::Role::kOperator, Run(5), sha512, content).ok());
  const auto listed = List();
  ASSERT_EQ(listed.archives_size(), 1);
  EXPECT_EQ(listed.archives(0).sha512(), sha512);
  EXPECT_EQ(listed.archives(0).bytes(), content.size());
  EXPECT_FALSE(listed.has_adopted());
  ASSERT_TRUE(Remove(sha512).ok());
  EXPECT_EQ(List().archives_size(), 0);
}

TEST_F(ReleaseServiceTest, OnlyTheHolderOfTheEpochRemoves) {
  EXPECT_EQ(Remove(release_, 4).error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(List().releases_size(), 2);
}

TEST_F(ReleaseServiceTest, VerifyReadsTheTrees) {
  Write(At("releases/" + release_ + "/lib/zookeeper.jar"), "jaR");
  grpc::ClientContext context;
  SetDeadline(context);
  v1::ReleasesResponse reply;
  ASSERT_TRUE(stub_->VerifyReleases(&context, {}, &reply).ok());
  EXPECT_EQ(List().releases(1).problem_reason(), "");
  EXPECT_EQ(reply.releases(1).problem_reason(), "release.tree_changed");
}

}  // namespace
}  // namespace zoowarden::agent
