// Uploads to a real agent over TLS: what a planner may do with them, and what is written down.
#include "sys/digest.h"
#include "tests/support/wait_until.h"
#include "tests/unit/agent/service/running_agent.h"

#include <filesystem>
#include <thread>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
using test::WaitUntil;

// A stream that a test writes to piece by piece.
struct OpenUpload {
  explicit OpenUpload(const std::shared_ptr<grpc::Channel>& channel)
      : stub(v1::OperateService::NewStub(channel)) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream = stub->Upload(&context, &reply);
  }
  grpc::ClientContext context;
  v1::GetUploadResponse reply;
  std::unique_ptr<v1::OperateService::Stub> stub;
  std::unique_ptr<grpc::ClientWriter<v1::UploadRequest>> stream;
};

class UploadStreamTest : public RunningAgentTest {
 protected:
  static std::string Name(const std::string& content) {
    return sys::Digest(sys::Hash::kSha512, content);
  }
  static v1::UploadRequest Chunk(const std::string& content, const std::string& data) {
    v1::UploadRequest request;
    request.mutable_run()->set_ensemble("lab");
    request.set_sha512(Name(content));
    request.set_total_size(content.size());
    request.set_data(data);
    return request;
  }
  void WaitUntilSomeIsHere(const std::string& content) {
    WaitUntil([&] { return fs::exists(At("state/uploads/" + Name(content) + ".part")); });
  }
  bool Has(const std::string& content) {
    return fs::exists(At("state/uploads/" + Name(content) + ".archive"));
  }
  // "begun planner sha512 ..." of the uploads.
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    const auto rows = core_->audit().List(0, 100'000);
    for (const auto& row : *rows) {
      const auto& e = row.entry;
      told.push_back(e.method.substr(e.method.find('/') + 1) + " " +
                     (e.reason.empty() ? e.code : e.reason) + " " + e.detail);
    }
    return told;
  }
  static std::string Detail(const std::string& content) {
    return "sha512 " + Name(content).substr(0, 16) + "... from byte 0";
  }
};

TEST_F(UploadStreamTest, IsOfOneArchiveOfOneSizeForOneRun) {
  const v1::UploadRequest first = Chunk("one", "o");
  auto archive = Chunk("two", "two");
  auto size = Chunk("one", "ne");
  size.set_offset(1);
  auto run = size;
  size.set_total_size(4);
  run.mutable_run()->set_run_id("run9");
  for (const auto& second : {archive, size, run}) {
    OpenUpload upload(Channel(pki::Role::kPlanner));
    upload.stream->Write(first);
    upload.stream->Write(second);
    upload.stream->WritesDone();
    EXPECT_EQ(upload.stream->Finish().error_details(), "upload.mixed");
  }
  EXPECT_FALSE(Has("two"));
}

TEST_F(UploadStreamTest, EveryArchiveThatIsTakenHasItsRowsHoweverMany) {
  std::vector<std::string> expected;
  for (int i = 0; i < 15; ++i) {
    const std::string content = "archive " + std::to_string(i);
    const auto chunk = Chunk(content, content);
    ASSERT_TRUE(Upload(pki::Role::kPlanner, chunk.run(), chunk.sha512(), content).ok());
    expected.push_back("Upload begun " + Detail(content));
    expected.push_back("Upload ok " + Detail(content));
  }
  EXPECT_EQ(Told(), expected);
}

TEST_F(UploadStreamTest, ThatItBeginsIsWrittenBeforeAnythingIsTaken) {
  OpenUpload upload(Channel(pki::Role::kPlanner));
  upload.stream->Write(Chunk("archive", "arch"));
  WaitUntilSomeIsHere("archive");
  EXPECT_EQ(Told(), std::vector<std::string>{"Upload begun " + Detail("archive")});
}

TEST_F(UploadStreamTest, WhatIsHereAlreadyIsCountedAndNotWrittenEachTime) {
  const auto chunk = Chunk("archive", "archive");
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(Upload(pki::Role::kPlanner, chunk.run(), chunk.sha512(), "archive").ok());
  }
  EXPECT_EQ(Told().size(), 2U + AuditTrail::kRowsPerWindow + 1U);
}

TEST_F(UploadStreamTest, ADownloadThatCannotBeginHasARowAndAskingHasNone) {
  grpc::ClientContext context;
  v1::GetUploadRequest request;
  request.mutable_run()->set_ensemble("lab");
  request.set_sha512(Name("archive"));
  v1::GetUploadResponse reply;
  const auto stub = v1::OperateService::NewStub(Channel(pki::Role::kPlanner));
  ASSERT_TRUE(stub->GetUpload(&context, request, &reply).ok());
  EXPECT_EQ(Told().size(), 0U);
  request.set_fetch(true);
  request.set_version("3.9.4");
  grpc::ClientContext again;
  EXPECT_EQ(stub->GetUpload(&again, request, &reply).error_details(), "download.not_declared");
  EXPECT_EQ(Told(),
            std::vector<std::string>{"GetUpload download.not_declared fetch sha512 " +
                                     Name("archive").substr(0, 16) + "... version 3.9.4"});
}

TEST_F(UploadStreamTest, IdleOnesOfAPlannerDoNotShutTheOperatorOut) {
  std::vector<std::unique_ptr<OpenUpload>> open;
  OpenUpload first(Channel(pki::Role::kPlanner));
  first.stream->Write(Chunk("archive", "arch"));
  WaitUntilSomeIsHere("archive");
  for (int i = 0; i < 20; ++i) {
    open.push_back(std::make_unique<OpenUpload>(Channel(pki::Role::kPlanner)));
  }
  for (int i = 0; i < 10; ++i) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::Lease reply;
    const auto status =
        v1::LeaseService::NewStub(Channel(pki::Role::kOperator))->GetLease(&context, {}, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  for (const auto& upload : open) {
    // Of twenty at one moment gRPC itself may refuse some.
    const auto status = upload->stream->Finish();
    EXPECT_TRUE(status.error_details() == "call.busy" ||
                status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
        << status.error_code() << " " << status.error_message();
  }
}

class ImpatientUploadTest : public UploadStreamTest {
 protected:
  [[nodiscard]] std::chrono::milliseconds UploadIdle() const override {
    return std::chrono::milliseconds(50);
  }
};

TEST_F(ImpatientUploadTest, AnIdleStreamEndsAndLeavesItsPlace) {
  OpenUpload upload(Channel(pki::Role::kPlanner));
  upload.stream->Write(Chunk("archive", "arch"));
  EXPECT_EQ(upload.stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  WaitUntil([&] { return Told().size() == 2; });
  EXPECT_EQ(Told().back(), "Upload upload.idle " + Detail("archive"));
  const auto rest = Chunk("archive", "archive");
  // Its place is free a moment after its row.
  WaitUntil([&] { return Upload(pki::Role::kPlanner, rest.run(), rest.sha512(), "archive").ok(); });
  EXPECT_TRUE(Has("archive"));
}

}  // namespace
}  // namespace zoowarden::agent
