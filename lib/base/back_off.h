// How long what has failed rests before it is asked again.
#pragma once

#include <algorithm>
#include <chrono>

namespace zoowarden::base {

inline constexpr std::chrono::milliseconds kFirstBackOff{1'000};
inline constexpr std::chrono::milliseconds kLongestBackOff{30'000};

// After so many failures in a row (at least one): 1 s, 2 s, 4 s … 30 s.
[[nodiscard]] constexpr std::chrono::milliseconds BackOff(int failures) {
  constexpr int kDoublings = 5;
  const int doublings = std::clamp(failures - 1, 0, kDoublings);
  return std::min(kLongestBackOff, kFirstBackOff * (1 << doublings));
}

}  // namespace zoowarden::base
