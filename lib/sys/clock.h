// Time as an injected dependency. Deadlines, leases and permits use BootTime only: it counts the
// time a machine was suspended and no one can set it; WallTime is for records people read.
#pragma once

#include <chrono>

namespace zoowarden::sys {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  // CLOCK_BOOTTIME: never goes back while the machine is up, starts again with each boot.
  [[nodiscard]] virtual std::chrono::milliseconds BootTime() = 0;
  // Milliseconds since 1970 (UTC). May jump either way.
  [[nodiscard]] virtual std::chrono::milliseconds WallTime() = 0;
  virtual void SleepFor(std::chrono::milliseconds duration) = 0;
};

// The machine's clock. Thread-safe.
class RealClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::milliseconds BootTime() override;
  [[nodiscard]] std::chrono::milliseconds WallTime() override;
  void SleepFor(std::chrono::milliseconds duration) override;
};

}  // namespace zoowarden::sys
