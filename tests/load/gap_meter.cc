#include "tests/load/gap_meter.h"

#include <algorithm>

namespace zoowarden::load {

using std::chrono::duration_cast;
using std::chrono::microseconds;

void GapMeter::Count(microseconds gap) {
  const auto micros = static_cast<std::size_t>(gap.count());
  const std::size_t bucket =
      micros < 10'000 ? micros / 10 : std::min(kFineBuckets + micros / 1000, buckets_.size() - 1);
  ++buckets_[bucket];
  ++gaps_;
  longest_ = std::max(longest_, gap);
}

void GapMeter::Acknowledge() {
  const std::lock_guard lock(mutex_);
  const auto now = clock_();
  if (last_) {
    Count(duration_cast<microseconds>(now - *last_));
  }
  last_ = now;
  ++acknowledged_;
}

void GapMeter::Finish() {
  const std::lock_guard lock(mutex_);
  if (last_) {
    longest_ = std::max(longest_, duration_cast<microseconds>(clock_() - *last_));
  }
}

std::uint64_t GapMeter::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

double GapMeter::LongestMilliseconds() const {
  const std::lock_guard lock(mutex_);
  return static_cast<double>(longest_.count()) / 1000.0;
}

double GapMeter::P99Milliseconds() const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t wanted = gaps_ - gaps_ / 100;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size() && gaps_ > 0; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) {
      const double upper = i < kFineBuckets ? static_cast<double>(i + 1) / 100.0
                                            : static_cast<double>(i - kFineBuckets + 1);
      return std::min(upper, static_cast<double>(longest_.count()) / 1000.0);
    }
  }
  return 0;
}

}  // namespace zoowarden::load
