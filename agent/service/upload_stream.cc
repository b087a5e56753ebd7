#include "agent/service/upload_stream.h"

#include "agent/service/handlers.h"
#include "agent/service/idle_guard.h"
#include "base/text.h"
#include "zoowarden/v1/operate.grpc.pb.h"  // how chunks are read from the wire

namespace zoowarden::agent {
namespace {

std::string Shown(const v1::UploadRequest& chunk) {
  constexpr std::size_t kShownDigits = 16;
  return base::Printable(chunk.sha512().substr(0, kShownDigits)) + "...";
}

}  // namespace

base::Result<UploadProgress> UploadStream::Take(grpc::ServerReader<v1::UploadRequest>& chunks) {
  IdleGuard guard(context_, idle_);
  v1::UploadRequest chunk;
  UploadProgress progress;
  while (guard.Wait([&] { return chunks.Read(&chunk); })) {
    ZW_TRY(CheckSame(chunk));
    ZW_TRY(CheckStaging(core_, context_, chunk.run()));
    ZW_ASSIGN(progress, Append(chunk));
  }
  if (guard.expired()) {
    return base::Fail(base::ErrorCode::kDeadlineExceeded,
                      "upload.idle",
                      "nothing came for " + std::to_string(idle_.count()) +
                          " ms of the upload of archive " + (first_ ? Shown(*first_) : "(none)") +
                          "; ask how much is held and go on from there");
  }
  return progress;
}

base::Status UploadStream::CheckSame(const v1::UploadRequest& chunk) {
  if (!first_) {
    audit_.SetRun(chunk.run());
    audit_.SetDetail("sha512 " + Shown(chunk) + " from byte " + std::to_string(chunk.offset()));
    first_ = chunk;
    first_->clear_data();
    return base::Ok();
  }
  if (chunk.sha512() != first_->sha512() || chunk.total_size() != first_->total_size() ||
      FromWire(chunk.run()) != FromWire(first_->run())) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "upload.mixed",
                      "the upload of archive " + Shown(*first_) + " goes on with archive " +
                          Shown(chunk) +
                          ", of another size or for another run; an upload is of one archive of "
                          "one size for one run, begin another");
  }
  return base::Ok();
}

base::Result<UploadProgress> UploadStream::Append(const v1::UploadRequest& chunk) {
  return core_.WithReleases([&](Releases& all) -> base::Result<UploadProgress> {
    if (!audit_.begun()) {
      ZW_ASSIGN(const UploadProgress held, all.Progress(chunk.sha512()));
      if (held.complete) {
        return held;
      }
      ZW_TRY(audit_.Begin());
    }
    return all.Append({.sha512 = chunk.sha512(),
                       .offset = chunk.offset(),
                       .total_size = chunk.total_size(),
                       .data = chunk.data()});
  });
}

}  // namespace zoowarden::agent
