#include "agent/service/tree_remover.h"

#include <utility>

namespace zoowarden::agent {

TreeRemover::TreeRemover(Delete delete_tree)
    : delete_(std::move(delete_tree)),
      worker_([this](const std::stop_token& stop) { Work(stop); }) {}

void TreeRemover::Stop() { worker_.request_stop(); }

TreeRemover::~TreeRemover() {
  Stop();
  worker_.join();
  for (sys::TempDir& tree : waiting_) {
    static_cast<void>(tree.Release());
  }
}

void TreeRemover::Take(sys::TempDir tree) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(tree));
  wake_.notify_one();
}

void TreeRemover::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return !waiting_.empty(); }) && !stop.stop_requested()) {
    sys::TempDir tree = std::move(waiting_.back());
    waiting_.pop_back();
    lock.unlock();
    delete_(std::move(tree));
    lock.lock();
  }
}

}  // namespace zoowarden::agent
