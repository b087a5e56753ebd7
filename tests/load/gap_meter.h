// Gaps between consecutive acknowledged writes of all clients together: how long nobody could
// write. Fixed memory. Thread-safe: the time is taken under the lock, so gaps are never negative.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

namespace zoowarden::load {

class GapMeter {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  explicit GapMeter(Clock clock = std::chrono::steady_clock::now) : clock_(std::move(clock)) {}

  // A write was acknowledged now.
  void Acknowledge();
  // Writing ends now: an outage that lasts until the end is a gap too.
  void Finish();

  [[nodiscard]] std::uint64_t acknowledged() const;
  [[nodiscard]] double LongestMilliseconds() const;
  // Exact to 10 µs below 10 ms, to 1 ms above; at least 99 % of the gaps are no longer.
  [[nodiscard]] double P99Milliseconds() const;

 private:
  static constexpr std::size_t kFineBuckets = 1000;      // of 10 µs
  static constexpr std::size_t kCoarseBuckets = 60'000;  // of 1 ms
  void Count(std::chrono::microseconds gap);

  mutable std::mutex mutex_;
  Clock clock_;
  std::optional<std::chrono::steady_clock::time_point> last_;
  std::chrono::microseconds longest_{0};
  std::uint64_t acknowledged_ = 0;
  std::uint64_t gaps_ = 0;
  std::array<std::uint32_t, kFineBuckets + kCoarseBuckets> buckets_{};
};

}  // namespace zoowarden::load
