#include "agent/service/znode_stream.h"

#include "agent/service/idle_guard.h"
#include "rpc/limits.h"

#include <memory>
#include <utility>

namespace zoowarden::agent {
namespace {

using std::chrono::milliseconds;

// The lease lapses after three seconds at the earliest.
constexpr milliseconds kTellEvery{1'000};
// What each znode costs beside its path.
constexpr std::size_t kBytesOfZnode = 80;

v1::Sight SightOf(model::Sight sight) {
  switch (sight) {
    case model::Sight::kAbsent:
      return v1::SIGHT_ABSENT;
    case model::Sight::kPresent:
      return v1::SIGHT_PRESENT;
    case model::Sight::kForbidden:
      return v1::SIGHT_FORBIDDEN;
  }
  return v1::SIGHT_UNSPECIFIED;
}

}  // namespace

void ToWire(const model::Znode& znode, v1::Znode& wire) {
  wire.set_path(znode.path);
  wire.set_sight(SightOf(znode.sight));
  if (znode.sight != model::Sight::kPresent) {
    return;
  }
  const auto& facts = znode.facts;
  wire.set_czxid(facts.created.value);
  wire.set_mzxid(facts.modified.value);
  wire.set_version(facts.version);
  wire.set_cversion(facts.cversion);
  wire.set_aversion(facts.aversion);
  wire.set_ephemeral_owner(static_cast<std::uint64_t>(facts.owner));
  wire.set_data_bytes(facts.data_bytes);
  wire.set_data_crc(facts.data_crc);
  wire.set_acl_crc(facts.acl_crc);
}

ZnodeStream::ZnodeStream(const ZnodeStreamOptions& options,
                         sys::Clock& clock,
                         std::function<base::Status()> renew,
                         Send send)
    : empty_batches_(options.empty_batches),
      clock_(&clock),
      renew_(std::move(renew)),
      send_(std::move(send)),
      told_(clock.BootTime()) {
  batch_.set_expected(options.expected);
}

base::Status ZnodeStream::Add(const model::Znode& znode) {
  const auto size = znode.path.size() + kBytesOfZnode;
  if (bytes_ > 0 && bytes_ + size > std::size_t{rpc::kChunkBytes}) {
    ZW_TRY(SendBatch());
  }
  ToWire(znode, *batch_.add_znodes());
  bytes_ += size;
  return base::Ok();
}

base::Status ZnodeStream::Tick() {
  const auto now = clock_->BootTime();
  if (now - told_ < kTellEvery) {
    return base::Ok();
  }
  told_ = now;
  ZW_TRY(renew_());
  return empty_batches_ ? SendBatch() : Flush();
}

base::Status ZnodeStream::Flush() { return batch_.znodes_size() == 0 ? base::Ok() : SendBatch(); }

base::Status ZnodeStream::SendBatch() {
  const bool taken = send_(batch_);
  batch_.Clear();
  bytes_ = 0;
  if (!taken) {
    return base::Fail(base::ErrorCode::kCancelled,
                      "tree.not_taken",
                      "the caller went away, or took nothing of the walk for too long; begin the "
                      "walk anew");
  }
  return base::Ok();
}

ZnodeStream::Send TakenWithin(milliseconds limit,
                              grpc::ServerContext& context,
                              grpc::ServerWriter<v1::ZnodeBatch>& batches) {
  return
      [guard = std::make_shared<IdleGuard>(context, limit), &batches](const v1::ZnodeBatch& batch) {
        return guard->Wait([&] { return batches.Write(batch); });
      };
}

}  // namespace zoowarden::agent
