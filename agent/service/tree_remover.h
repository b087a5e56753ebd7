// Takes trees from the disk on a thread of its own, which is there while there are any: they were
// renamed aside, nothing finds them any more, and nobody should wait for the disk.
#pragma once

#include "sys/files.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace zoowarden::agent {

class TreeRemover {
 public:
  // How one goes; what fails is told to the log.
  using Delete = std::function<void(sys::TempDir)>;

  explicit TreeRemover(Delete delete_tree = [](sys::TempDir) {});
  // Waits for the tree that is under way. What waits behind it goes when the agent starts again, as
  // after a kill.
  ~TreeRemover();
  TreeRemover(const TreeRemover&) = delete;
  TreeRemover& operator=(const TreeRemover&) = delete;

  // Returns at once. Any thread.
  void Take(sys::TempDir tree);
  // Until all that was handed over has gone, or the time is over. False where nothing was under
  // way. Any thread.
  [[nodiscard]] bool Wait(std::chrono::milliseconds timeout);
  // Begins no further tree. Returns at once. Any thread.
  void Stop();

 private:
  void Work();

  Delete delete_;
  std::mutex mutex_;
  std::condition_variable rests_;
  std::vector<sys::TempDir> waiting_;
  bool working_ = false;
  bool stopped_ = false;
  std::jthread worker_;  // last: it ends before anything that it uses
};

}  // namespace zoowarden::agent
