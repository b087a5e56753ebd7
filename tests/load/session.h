// A client's own ZooKeeper session over libzookeeper-mt. Calls block; one thread calls. The
// library's threads only touch what is atomic or under the mutex. An expired session is replaced by
// a new one.
#pragma once

#include "base/error.h"
#include "tests/load/chain.h"

#include <zookeeper/zookeeper.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace zoowarden::load {

struct SessionOptions {
  std::string hosts;  // "h:p,h:p": tried in this order
  std::string auth;   // "scheme:credentials", empty = none
  std::chrono::milliseconds timeout{10'000};
};

class Session {
 public:
  explicit Session(SessionOptions options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // True when connected (and authenticated, where asked for) before `limit` has passed. Opens a new
  // session in place of an expired one.
  bool WaitConnected(std::chrono::milliseconds limit);

  [[nodiscard]] Outcome Create(const std::string& path, const std::string& data);
  [[nodiscard]] Outcome Set(const std::string& path, const std::string& data, std::int32_t version);
  // Creates a directory of ours; it may be there.
  [[nodiscard]] bool EnsureParent(const std::string& path);
  // Brings the connected member up to the leader's present.
  [[nodiscard]] bool Sync(const std::string& path);
  [[nodiscard]] base::Result<Reading> Read(const std::string& path);
  [[nodiscard]] base::Result<std::vector<std::string>> Children(const std::string& path);

  [[nodiscard]] std::uint64_t connection_losses() const { return connection_losses_; }
  [[nodiscard]] std::uint64_t sessions_expired() const { return sessions_expired_; }

 private:
  static void OnEvent(
      zhandle_t* handle, int type, int state, const char* path, void* context) noexcept;
  void Open();
  void Close();
  [[nodiscard]] bool Authenticate(std::chrono::steady_clock::time_point deadline);

  SessionOptions options_;
  zhandle_t* handle_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool connected_ = false;      // under mutex_
  bool authenticated_ = false;  // the calling thread's
  std::atomic<bool> expired_ = false;
  std::atomic<std::uint64_t> connection_losses_ = 0;
  std::atomic<std::uint64_t> sessions_expired_ = 0;
};

// Whether a write that ended with this code of libzookeeper may have been applied.
[[nodiscard]] Outcome OutcomeOf(int code);

}  // namespace zoowarden::load
