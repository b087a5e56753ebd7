#include "controller/agents/upload.h"

#include "controller/agents/convert.h"
#include "rpc/limits.h"
#include "rpc/status.h"
#include "zoowarden/v1/operate.grpc.pb.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>

namespace zoowarden::controller {

namespace {

constexpr std::chrono::seconds kAskTimeout{10};
constexpr std::chrono::seconds kStallTimeout{15};
// After the last chunk the agent syncs and verifies up to 2 GiB.
constexpr std::chrono::seconds kVerifyTimeout{120};
constexpr std::chrono::milliseconds kFetchTurn{200};
constexpr int kFruitlessAttempts = 3;

// Makes the reactor's callbacks into calls that block: one chunk at a time, in the caller's thread.
class UploadStream final : public grpc::ClientWriteReactor<v1::UploadRequest> {
 public:
  explicit UploadStream(v1::OperateService::Stub& stub) {
    stub.async()->Upload(&context_, &response_, this);
    AddHold();
    StartCall();
  }

  // False when the stream has ended; Finish says why.
  bool Write(const v1::UploadRequest& request) {
    std::unique_lock lock(mutex_);
    writing_ = true;
    StartWrite(&request);
    if (!changed_.wait_for(lock, kStallTimeout, [this] { return !writing_; })) {
      context_.TryCancel();
      changed_.wait(lock, [this] { return !writing_; });
      stalled_ = true;
    }
    return write_ok_ && !stalled_;
  }

  // Must be called exactly once, after the last Write.
  base::Result<v1::GetUploadResponse> Finish() {
    std::unique_lock lock(mutex_);
    if (write_ok_) {
      StartWritesDone();
    }
    RemoveHold();
    if (!changed_.wait_for(lock, kVerifyTimeout, [this] { return done_; })) {
      context_.TryCancel();
      changed_.wait(lock, [this] { return done_; });
      stalled_ = true;
    }
    if (stalled_) {
      return base::Fail(base::ErrorCode::kDeadlineExceeded,
                        "upload.stalled",
                        "the agent took no part of the archive in time; check its disk and retry");
    }
    if (!status_.ok()) {
      return base::Fail(rpc::ToError(status_));
    }
    return response_;
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    write_ok_ = ok;
    changed_.notify_all();
  }
  void OnDone(const grpc::Status& status) override {
    const std::lock_guard lock(mutex_);
    status_ = status;
    done_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool writing_ = false;
  bool write_ok_ = true;
  bool stalled_ = false;
  bool done_ = false;
  grpc::Status status_;
  grpc::ClientContext context_;
  v1::GetUploadResponse response_;
};

class Uploader {
 public:
  Uploader(const std::shared_ptr<grpc::Channel>& channel, const UploadJob& job)
      : job_(job), stub_(v1::OperateService::NewStub(channel)) {}

  base::Status Run() {
    ZW_ASSIGN(auto held, Ask());
    connected_ = true;
    if (held.complete()) {
      return base::Ok();
    }
    if (job_.path.empty()) {
      return WaitForFetch();
    }
    ZW_TRY(Open());
    for (int fruitless = 0; !held.complete(); ++fruitless) {
      const auto before = held.offset();
      auto sent = Send(before);
      if (!sent && !MayResume(sent.error(), fruitless)) {
        return base::Fail(sent.error());
      }
      ZW_ASSIGN(held, Ask());
      if (sent && !held.complete()) {
        return base::Fail(base::ErrorCode::kDataLoss,
                          "upload.incomplete",
                          "the agent took the whole archive and does not call it complete; look at "
                          "the agent's log");
      }
      if (held.offset() > before) {
        fruitless = -1;
      }
    }
    return base::Ok();
  }

 private:
  static bool MayResume(const base::Error& error, int fruitless) {
    return error.Is(base::ErrorCode::kUnavailable) && fruitless + 1 < kFruitlessAttempts;
  }

  base::Status Open() {
    file_.open(job_.path, std::ios::binary | std::ios::ate);
    if (!file_) {
      return base::Fail(base::ErrorCode::kNotFound,
                        "release.archive_unreadable",
                        "cannot read the archive " + job_.path + "; check release.source");
    }
    total_ = static_cast<std::uint64_t>(file_.tellg());
    if (total_ == 0 || total_ > kMaxArchiveBytes) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "release.archive_size",
                        "the archive " + job_.path + " has " + std::to_string(total_) +
                            " bytes; 1 byte to 1 GiB are accepted");
    }
    return base::Ok();
  }

  base::Status WaitForFetch() {
    while (true) {
      ZW_ASSIGN(const auto held, Ask());
      if (held.complete()) {
        return base::Ok();
      }
      if (!held.fetching()) {
        return base::Fail(base::ErrorCode::kFailedPrecondition,
                          "release.no_archive",
                          "the agent has no such archive and cannot fetch one; name release.source "
                          "in ensemble.yaml, or update the agent");
      }
      std::this_thread::sleep_for(kFetchTurn);
    }
  }

  // Waits for a connection that was lost, so that resuming needs no pause of its own; not for one
  // that there never was.
  base::Result<v1::GetUploadResponse> Ask() {
    v1::GetUploadRequest request;
    ToWire(job_.ensemble, job_.run, *request.mutable_run());
    request.set_sha512(job_.sha512);
    request.set_version(job_.version);
    request.set_fetch(job_.path.empty());
    struct Reply {
      std::mutex mutex;
      std::condition_variable changed;
      bool done = false;
      grpc::Status status;
    } reply;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kAskTimeout);
    context.set_wait_for_ready(connected_);
    v1::GetUploadResponse response;
    stub_->async()->GetUpload(&context, &request, &response, [&reply](const grpc::Status& status) {
      const std::lock_guard lock(reply.mutex);
      reply.status = status;
      reply.done = true;
      reply.changed.notify_all();
    });
    std::unique_lock lock(reply.mutex);
    reply.changed.wait(lock, [&reply] { return reply.done; });
    if (!reply.status.ok()) {
      return base::Fail(rpc::ToError(reply.status));
    }
    return response;
  }

  base::Status Send(std::uint64_t offset) {
    if (offset > total_) {
      return base::Fail(base::ErrorCode::kDataLoss,
                        "upload.bad_offset",
                        "the agent says it holds more of the archive than there is");
    }
    UploadStream stream(*stub_);
    base::Status read = base::Ok();
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    v1::UploadRequest request;
    ToWire(job_.ensemble, job_.run, *request.mutable_run());
    request.set_sha512(job_.sha512);
    request.set_total_size(total_);
    std::string chunk(std::size_t{rpc::kChunkBytes}, '\0');
    // Of an archive that is all there the end fails or is cut off too: an empty chunk asks for it.
    do {
      chunk.resize(std::min<std::uint64_t>(std::size_t{rpc::kChunkBytes}, total_ - offset));
      if (!file_.read(chunk.data(), static_cast<std::streamsize>(chunk.size()))) {
        read = base::Fail(base::ErrorCode::kDataLoss,
                          "release.archive_unreadable",
                          "the archive " + job_.path + " changed while it was read; retry");
        break;
      }
      request.set_offset(offset);
      request.set_data(chunk);
      if (!stream.Write(request)) {
        break;
      }
      offset += chunk.size();
      if (job_.on_progress) {
        job_.on_progress(offset, total_);
      }
    } while (offset < total_);
    auto finished = stream.Finish();
    ZW_TRY(read);
    ZW_TRY(finished);
    return base::Ok();
  }

  const UploadJob& job_;
  std::unique_ptr<v1::OperateService::Stub> stub_;
  std::ifstream file_;
  std::uint64_t total_ = 0;
  bool connected_ = false;
};

}  // namespace

base::Status UploadArchive(const std::shared_ptr<grpc::Channel>& channel, const UploadJob& job) {
  return Uploader(channel, job).Run();
}

}  // namespace zoowarden::controller
