#include "controller/run/write_stream.h"

#include <algorithm>
#include <utility>

namespace zoowarden::controller {
namespace {

bool Serves(const model::MemberObservation* seen) {
  return seen != nullptr && seen->answered && model::IsServing(seen->mode) &&
         !model::IsInFlight(seen->operation.state);
}

}  // namespace

std::vector<model::ServerId> WriteOrder(const core::RunState& state, const model::Round& round) {
  const auto rank = [&](const model::Member& member) {
    if (state.attempt == member.id) {
      return 4;
    }
    const bool observer = member.role == model::Role::kObserver;
    return (Serves(model::FindMember(round, member.id)) ? 0 : 2) + (observer ? 1 : 0);
  };
  auto members = state.members;
  std::stable_sort(members.begin(), members.end(), [&](const auto& a, const auto& b) {
    return rank(a) < rank(b);
  });
  std::vector<model::ServerId> order;
  order.reserve(members.size());
  for (const auto& member : members) {
    order.push_back(member.id);
  }
  return order;
}

// The reasons of an agent whose member was asked; all others are of the way there, of certificates
// and of fences.
WriteTry Judge(const base::Result<Canary>& answer) {
  if (answer) {
    return WriteTry::kCommitted;
  }
  const auto& reason = answer.error().reason();
  return reason.starts_with("zk.") || reason == "canary.no_process" ? WriteTry::kNotCommitted
                                                                    : WriteTry::kUnasked;
}

ThreadedWriteStream::ThreadedWriteStream(Commit commit, sys::Clock& clock)
    : commit_(std::move(commit)), clock_(clock) {}

ThreadedWriteStream::~ThreadedWriteStream() { End(); }

void ThreadedWriteStream::Follow(const RunIdentity& run,
                                 const std::vector<model::ServerId>& through) {
  const std::lock_guard lock(mutex_);
  run_ = run;
  through_ = through;
  followed_ = clock_.BootTime();
  const bool known =
      present_ && std::find(through.begin(), through.end(), *present_) != through.end();
  if (!known || (present_ == through.back() && through.size() > 1)) {
    present_ = through.empty() ? std::nullopt : std::optional(through.front());
  }
  if (!thread_.joinable()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Write(stop); });
  }
  changed_.notify_all();
}

void ThreadedWriteStream::Rest() {
  const std::lock_guard lock(mutex_);
  run_.reset();
  gaps_.Rest();
  changed_.notify_all();
}

void ThreadedWriteStream::End() {
  Rest();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !writing_; });
}

std::optional<core::WritesSeen> ThreadedWriteStream::Take() {
  const std::lock_guard lock(mutex_);
  return began_ ? std::optional(gaps_.Take()) : std::nullopt;
}

bool ThreadedWriteStream::IsFollowed() const {
  return run_ && present_ && clock_.BootTime() - followed_ <= kUnfollowed;
}

void ThreadedWriteStream::Write(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return IsFollowed(); })) {
    WriteOnce(lock);
    const auto pause = gaps_.Waits() ? kPauseBeforeRetry : kPeriod;
    changed_.wait_for(lock, stop, pause, [this] { return !run_; });
    if (!IsFollowed()) {
      gaps_.Rest();
    }
  }
}

void ThreadedWriteStream::WriteOnce(std::unique_lock<std::mutex>& lock) {
  const auto run = *run_;
  const auto through = *present_;
  writing_ = began_ = true;
  gaps_.Begin(clock_.BootTime());
  lock.unlock();
  const auto how = Judge(commit_(through, run, kDeadline));
  lock.lock();
  writing_ = false;
  changed_.notify_all();
  gaps_.End(clock_.BootTime(), how);
  if (!run_) {
    gaps_.Rest();
  }
  const auto at = std::find(through_.begin(), through_.end(), through);
  if (how != WriteTry::kCommitted && present_ == through && at != through_.end()) {
    present_ = std::next(at) == through_.end() ? through_.front() : *std::next(at);
  }
}

}  // namespace zoowarden::controller
