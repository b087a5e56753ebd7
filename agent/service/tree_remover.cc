#include "agent/service/tree_remover.h"

#include <system_error>
#include <utility>

namespace zoowarden::agent {

TreeRemover::TreeRemover(Delete delete_tree) : delete_(std::move(delete_tree)) {}

void TreeRemover::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

TreeRemover::~TreeRemover() {
  Stop();
  if (worker_.joinable()) {
    worker_.join();
  }
  for (sys::TempDir& tree : waiting_) {
    static_cast<void>(tree.Release());
  }
}

void TreeRemover::Take(sys::TempDir tree) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(tree));
  if (working_ || stopped_) {
    return;
  }
  try {
    worker_ = std::jthread([this] { Work(); });  // the one before has ended
    working_ = true;
  } catch (const std::system_error&) {
    // No thread is to be had: with the next tree, or when the agent starts again.
  }
}

bool TreeRemover::Wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!working_) {
    return false;
  }
  rests_.wait_for(lock, timeout, [this] { return !working_; });
  return true;
}

void TreeRemover::Work() {
  std::unique_lock lock(mutex_);
  while (!waiting_.empty() && !stopped_) {
    sys::TempDir tree = std::move(waiting_.back());
    waiting_.pop_back();
    lock.unlock();
    delete_(std::move(tree));
    lock.lock();
  }
  working_ = false;
  rests_.notify_all();
}

}  // namespace zoowarden::agent
