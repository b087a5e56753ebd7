#include "controller/agents/upload.h"

#include "rpc/limits.h"
#include "sys/files.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <zoowarden/v1/operate.grpc.pb.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>

namespace zoowarden::controller {
namespace {

// Keeps what it is sent. `break_after` chunks the stream breaks once, as a lost connection does.
class Receiver final : public v1::OperateService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetUpload(grpc::CallbackServerContext* context,
                                      const v1::GetUploadRequest* request,
                                      v1::GetUploadResponse* response) override {
    ++asked;
    asked_version = request->version();
    if (request->fetch() && fetch_turns > 0) {
      response->set_fetching(true);
      complete = --fetch_turns == 0;
      auto* waiting = context->DefaultReactor();
      waiting->Finish(grpc::Status::OK);
      return waiting;
    }
    response->set_offset(held.size());
    response->set_complete(complete);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerReadReactor<v1::UploadRequest>* Upload(grpc::CallbackServerContext* /*context*/,
                                                     v1::GetUploadResponse* response) override {
    class Reader final : public grpc::ServerReadReactor<v1::UploadRequest> {
     public:
      Reader(Receiver& owner, v1::GetUploadResponse& response)
          : owner_(owner), response_(response) {
        ++owner_.streams;
        StartRead(&chunk_);
      }
      void OnReadDone(bool ok) override {
        if (!ok) {
          response_.set_offset(owner_.held.size());
          owner_.complete = owner_.accepts && owner_.held.size() == owner_.total;
          response_.set_complete(owner_.complete);
          Finish(grpc::Status::OK);
          return;
        }
        EXPECT_EQ(chunk_.offset(), owner_.held.size());
        owner_.largest_chunk = std::max(owner_.largest_chunk, chunk_.data().size());
        owner_.total = chunk_.total_size();
        owner_.held += chunk_.data();
        if (--owner_.break_after == 0) {
          Finish(grpc::Status(owner_.break_with, "broken", "test.broken"));
          return;
        }
        StartRead(&chunk_);
      }
      void OnDone() override { delete this; }

     private:
      Receiver& owner_;
      v1::GetUploadResponse& response_;
      v1::UploadRequest chunk_;
    };
    return new Reader(*this, *response);
  }

  std::string held;
  std::uint64_t total = 0;
  std::size_t largest_chunk = 0;
  int asked = 0;
  int streams = 0;
  int break_after = 0;
  grpc::StatusCode break_with = grpc::StatusCode::UNAVAILABLE;
  bool complete = false;
  bool accepts = true;
  int fetch_turns = 0;  // it says so often that it fetches, then it has it
  std::string asked_version;
};

class UploadTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = sys::TempDir::Create(testing::TempDir(), "upload.");
    ASSERT_TRUE(directory);
    directory_ = std::make_unique<sys::TempDir>(std::move(*directory));
    path_ = directory_->path() / "release.tar.gz";
    for (std::size_t i = 0; i < 5 * std::size_t{rpc::kChunkBytes} + 17; ++i) {
      content_ += static_cast<char>(i * 31 + (i >> 8));
    }
    std::ofstream(path_, std::ios::binary) << content_;
    grpc::ServerBuilder builder;
    builder.RegisterService(&receiver_);
    server_ = builder.BuildAndStart();
  }

  base::Status Upload() {
    return UploadArchive(server_->InProcessChannel({}),
                         {.ensemble = "lab",
                          .run = {.run_id = "run-1"},
                          .path = path_,
                          .sha512 = "ab",
                          .version = "3.9.4",
                          .on_progress = [this](std::uint64_t sent, std::uint64_t total) {
                            EXPECT_LE(sent, total);
                            last_sent_ = sent;
                            EXPECT_EQ(total, content_.size());
                          }});
  }

  std::unique_ptr<sys::TempDir> directory_;
  std::string path_;
  std::string content_;
  std::uint64_t last_sent_ = 0;
  Receiver receiver_;
  std::unique_ptr<grpc::Server> server_;
};

// The last chunk came, and the agent died before it had verified the whole.
TEST_F(UploadTest, AsksForTheEndOfAnArchiveThatIsAllThere) {
  receiver_.held = content_;
  const auto status = Upload();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(receiver_.streams, 1);
  EXPECT_TRUE(receiver_.held == content_);
}

TEST_F(UploadTest, SendsEverythingInBoundedChunks) {
  const auto status = Upload();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_TRUE(receiver_.held == content_);
  EXPECT_EQ(receiver_.largest_chunk, std::size_t{rpc::kChunkBytes});
  EXPECT_EQ(last_sent_, content_.size());
}

TEST_F(UploadTest, ContinuesWhereAnEarlierAttemptEnded) {
  receiver_.held = content_.substr(0, 70'000);
  ASSERT_TRUE(Upload());
  EXPECT_TRUE(receiver_.held == content_);
}

// Actual: nobody listens there, and the answer to the first question could be waited for.
// Expected: it is said at once, like of every other call.
TEST_F(UploadTest, WhereNobodyListensNothingIsWaitedFor) {
  int port = 0;
  grpc::ServerBuilder builder;
  Receiver gone;
  builder.RegisterService(&gone);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.BuildAndStart()->Shutdown();
  const auto began = std::chrono::steady_clock::now();
  const auto status = UploadArchive(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()),
      {.ensemble = "lab",
       .run = {},
       .path = path_,
       .sha512 = "ab",
       .version = "",
       .on_progress = {}});
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().Is(base::ErrorCode::kUnavailable)) << status.error().message();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST_F(UploadTest, SendsNothingWhenTheAgentHasIt) {
  receiver_.complete = true;
  std::filesystem::remove(path_);
  ASSERT_TRUE(Upload());
  EXPECT_EQ(receiver_.streams, 0);
}

TEST_F(UploadTest, AConnectionThatBreaksAfterAnyChunkIsResumed) {
  constexpr int kChunks = 6;
  for (int chunk = 1; chunk <= kChunks; ++chunk) {
    receiver_.held.clear();
    receiver_.streams = 0;
    receiver_.complete = false;
    receiver_.break_after = chunk;
    ASSERT_TRUE(Upload()) << chunk;
    EXPECT_TRUE(receiver_.held == content_) << chunk;
    EXPECT_EQ(receiver_.streams, 2) << chunk;
  }
}

TEST_F(UploadTest, ARefusalIsNotRepeated) {
  receiver_.break_after = 2;
  receiver_.break_with = grpc::StatusCode::PERMISSION_DENIED;
  const auto status = Upload();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "test.broken");
  EXPECT_EQ(receiver_.streams, 1);
}

TEST_F(UploadTest, AnAgentThatNeverCallsItCompleteIsAnError) {
  receiver_.accepts = false;
  const auto status = Upload();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "upload.incomplete");
}

TEST_F(UploadTest, AMissingArchiveIsNamed) {
  std::filesystem::remove(path_);
  const auto status = Upload();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "release.archive_unreadable");
  EXPECT_NE(status.error().message().find(path_), std::string::npos);
}

TEST_F(UploadTest, WithoutAnArchiveHereTheAgentIsAskedToFetchAndWaitedFor) {
  path_.clear();
  receiver_.fetch_turns = 1;
  ASSERT_TRUE(Upload());
  EXPECT_EQ(receiver_.streams, 0);
  EXPECT_EQ(receiver_.asked, 2);
  EXPECT_EQ(receiver_.asked_version, "3.9.4");
}

TEST_F(UploadTest, AnAgentThatCannotFetchIsSaid) {
  path_.clear();
  const auto status = Upload();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "release.no_archive");
}

TEST_F(UploadTest, AnOffsetBeyondTheArchiveIsRefused) {
  receiver_.held = content_ + "more";
  const auto status = Upload();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "upload.bad_offset");
}

}  // namespace
}  // namespace zoowarden::controller
