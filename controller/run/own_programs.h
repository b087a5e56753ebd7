// The ensemble's own programs, its checks and hooks: run without a shell, with nothing of the
// caller's environment but PATH, bounded in time and output.
#pragma once

#include "model/observation.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace zoowarden::controller {

struct ProgramVerdict {
  bool passed = false;  // exit 0 in time
  std::string text;     // "exit 3", or why it could not be run or did not end
  std::string output;   // stderr and stdout, printable and cut
  std::chrono::milliseconds took{0};
};

// `command` is not empty. Asked to stop, it kills the program. Any thread.
[[nodiscard]] ProgramVerdict RunOwnProgram(const std::vector<std::string>& command,
                                           std::chrono::milliseconds timeout,
                                           const std::string& input,
                                           const std::stop_token& stop);

// The members as these programs are told of them; no settings, so no secrets.
[[nodiscard]] nlohmann::json MembersJson(const model::Round& round);
// As text; bytes that are not UTF-8 are replaced.
[[nodiscard]] std::string ToText(const nlohmann::json& value);

// One job at a time beside the caller. For one thread; its end asks the job to stop and waits.
template <typename T>
class Beside {
 public:
  // False, and nothing is begun, while the result of the job before has not been taken.
  bool Start(std::function<T(const std::stop_token&)> job) {
    if (worker_.joinable()) {
      return false;
    }
    worker_ = std::jthread([this, job = std::move(job)](const std::stop_token& stop) {
      auto result = job(stop);
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
    });
    return true;
  }
  // The result of the job that was begun, once: nothing before it has ended.
  std::optional<T> Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!result_) {
        return std::nullopt;
      }
    }
    worker_.join();
    worker_ = {};
    return std::exchange(result_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::optional<T> result_;  // guarded by mutex_
  std::jthread worker_;      // last: it ends before what it writes to
};

}  // namespace zoowarden::controller
