#include "agent/service/idle_guard.h"

namespace zoowarden::agent {

IdleGuard::IdleGuard(grpc::ServerContext& context, std::chrono::milliseconds limit)
    : context_(context),
      limit_(limit),
      worker_([this](const std::stop_token& stop) { Work(stop); }) {}

bool IdleGuard::expired() const {
  const std::lock_guard lock(mutex_);
  return expired_;
}

void IdleGuard::Set(Deadline deadline) {
  const std::lock_guard lock(mutex_);
  deadline_ = deadline;
  changed_.notify_all();
}

void IdleGuard::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && !expired_) {
    const Deadline waited = deadline_;
    const auto other = [&] { return deadline_ != waited; };
    if (!waited) {
      changed_.wait(lock, stop, other);
    } else if (!changed_.wait_until(lock, stop, *waited, other) && !stop.stop_requested()) {
      expired_ = true;
      context_.TryCancel();
    }
  }
}

}  // namespace zoowarden::agent
