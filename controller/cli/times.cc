#include "controller/cli/times.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace zoowarden::controller {

namespace {

using std::chrono::milliseconds;

struct SplitTime {
  std::tm utc{};
  std::int64_t milliseconds = 0;
};

SplitTime Split(milliseconds unix_time) {
  // Records come from other machines: years beyond four digits are cut instead of overflowing.
  constexpr std::int64_t kLast = 253'402'300'799'999;  // the end of the year 9999
  const auto count = std::clamp<std::int64_t>(unix_time.count(), 0, kLast);
  return {.utc = fmt::gmtime(static_cast<std::time_t>(count / 1000)), .milliseconds = count % 1000};
}

}  // namespace

std::string Timestamp(milliseconds unix_time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", Split(unix_time).utc);
}

std::string TimestampWithMilliseconds(milliseconds unix_time) {
  const auto time = Split(unix_time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", time.utc, time.milliseconds);
}

std::string TimeOfDay(milliseconds unix_time) {
  const auto time = Split(unix_time);
  return fmt::format("{:%H:%M:%S}.{:03}", time.utc, time.milliseconds);
}

std::string DurationText(milliseconds duration) {
  const auto total = std::max<std::int64_t>(duration.count(), 0);
  if (total < 10'000) {
    return fmt::format("{}.{}s", total / 1000, total % 1000 / 100);
  }
  const auto seconds = total / 1000;
  if (seconds < 60) {
    return fmt::format("{}s", seconds);
  }
  if (seconds < 3600) {
    return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  }
  return fmt::format("{}h {:02}m", seconds / 3600, seconds % 3600 / 60);
}

}  // namespace zoowarden::controller
