// Ends a call whose caller is silent for too long while it is waited for: gRPC's blocking reads
// have no deadline. Private to this folder.
#pragma once

#include <grpcpp/server_context.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace zoowarden::agent {

// One reader; has a thread of its own while it lives.
class IdleGuard {
 public:
  // The context must outlive it.
  IdleGuard(grpc::ServerContext& context, std::chrono::milliseconds limit);

  // `read` waits for the caller. Cancels the call when it takes too long.
  template <typename F>
  auto Wait(F read) {
    Set(std::chrono::steady_clock::now() + limit_);
    const auto got = read();
    Set(std::nullopt);
    return got;
  }
  [[nodiscard]] bool expired() const;

 private:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;
  void Set(Deadline deadline);
  void Work(const std::stop_token& stop);

  grpc::ServerContext& context_;
  std::chrono::milliseconds limit_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Deadline deadline_;  // none = nothing is waited for
  bool expired_ = false;
  std::jthread worker_;  // last: it ends before what it uses
};

}  // namespace zoowarden::agent
