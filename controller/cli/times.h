// Times and durations as people read them. Pure.
#pragma once

#include <chrono>
#include <string>

namespace zoowarden::controller {

// "2026-11-22T14:05:01Z" of Unix time; with milliseconds when asked: "2026-11-22T14:05:01.250Z".
[[nodiscard]] std::string Timestamp(std::chrono::milliseconds unix_time);
[[nodiscard]] std::string TimestampWithMilliseconds(std::chrono::milliseconds unix_time);
// "14:05:01.250", for lines that follow each other.
[[nodiscard]] std::string TimeOfDay(std::chrono::milliseconds unix_time);

// "0.4s", "12s", "3m 05s", "2h 10m".
[[nodiscard]] std::string DurationText(std::chrono::milliseconds duration);

}  // namespace zoowarden::controller
