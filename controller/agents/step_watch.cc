#include "controller/agents/step_watch.h"

#include "controller/agents/convert.h"
#include "controller/agents/wire_values.h"
#include "zoowarden/v1/operate.grpc.pb.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace zoowarden::controller {

namespace {

// An agent that talks without end is cut off; nobody reads that many lines.
constexpr std::size_t kMaxWaiting = 1'000;

}  // namespace

struct StepWatches::Inbox {
  std::mutex mutex;
  std::vector<StepEvent> events;
  std::map<std::string, std::uint64_t> changes;  // by operation, the last that is known
  std::set<std::string> without_permit;          // operations

  // With the mutex held.
  void NoteChange(const std::string& operation_id, std::uint64_t sequence) {
    auto& last = changes[operation_id];
    last = std::max(last, sequence);
  }
};

class StepWatches::Stream final : public grpc::ClientReadReactor<v1::OperationEvent> {
 public:
  Stream(const std::shared_ptr<grpc::Channel>& channel, WatchTarget target, Inbox& inbox)
      : target_(std::move(target)), inbox_(inbox), stub_(v1::OperateService::NewStub(channel)) {
    ToWire(target_.ensemble, target_.run, *request_.mutable_run());
    request_.set_operation_id(target_.operation_id);
    request_.set_after_sequence(target_.after_sequence);
    context_.set_wait_for_ready(true);
    stub_->async()->Watch(&context_, &request_, this);
    StartRead(&event_);
    StartCall();
  }

  ~Stream() override {
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return done_; });
  }

  [[nodiscard]] const WatchTarget& target() const { return target_; }
  [[nodiscard]] bool done() {
    const std::lock_guard lock(mutex_);
    return done_;
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    const auto state = model::ParseOperationState(event_.state());
    if (!state || !Keep(*state) || model::IsFinished(*state)) {
      context_.TryCancel();
    }
    // After a cancellation this read fails, which leads to OnDone.
    StartRead(&event_);
  }

  void OnDone(const grpc::Status& /*status*/) override {
    const std::lock_guard lock(mutex_);
    done_ = true;
    ended_.notify_all();
  }

 private:
  bool Keep(model::OperationState state) {
    const std::lock_guard lock(inbox_.mutex);
    if (inbox_.events.size() >= kMaxWaiting) {
      return false;
    }
    inbox_.NoteChange(target_.operation_id, event_.sequence());
    inbox_.events.push_back({.server = target_.server,
                             .state = state,
                             .detail = ShownText(event_.detail()),
                             .permitted = !inbox_.without_permit.contains(target_.operation_id)});
    return true;
  }

  const WatchTarget target_;
  Inbox& inbox_;
  std::unique_ptr<v1::OperateService::Stub> stub_;
  grpc::ClientContext context_;
  v1::WatchRequest request_;
  v1::OperationEvent event_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
};

StepWatches::StepWatches() : inbox_(std::make_unique<Inbox>()) {}
StepWatches::~StepWatches() = default;

void StepWatches::Start(const std::shared_ptr<grpc::Channel>& channel, const WatchTarget& target) {
  std::erase_if(streams_, [](const auto& stream) { return stream->done(); });
  const bool watched = std::any_of(streams_.begin(), streams_.end(), [&](const auto& stream) {
    return stream->target().operation_id == target.operation_id;
  });
  if (!watched) {
    streams_.push_back(std::make_unique<Stream>(channel, target, *inbox_));
  }
}

void StepWatches::NotePermit(const std::string& operation_id, bool permitted) {
  const std::lock_guard lock(inbox_->mutex);
  if (permitted) {
    inbox_->without_permit.erase(operation_id);
  } else {
    inbox_->without_permit.insert(operation_id);
  }
}

void StepWatches::NoteChange(const std::string& operation_id, std::uint64_t sequence) {
  const std::lock_guard lock(inbox_->mutex);
  inbox_->NoteChange(operation_id, sequence);
}

std::uint64_t StepWatches::LastChange(const std::string& operation_id) const {
  const std::lock_guard lock(inbox_->mutex);
  const auto found = inbox_->changes.find(operation_id);
  return found == inbox_->changes.end() ? 0 : found->second;
}

std::vector<StepEvent> StepWatches::Take() {
  const std::lock_guard lock(inbox_->mutex);
  return std::exchange(inbox_->events, {});
}

}  // namespace zoowarden::controller
