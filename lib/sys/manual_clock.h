// A clock that moves only when told: for tests and the simulation. Single-threaded.
#pragma once

#include "sys/clock.h"

namespace zoowarden::sys {

class ManualClock final : public Clock {
 public:
  // Starts at the given readings; both move together with Advance and SleepFor.
  explicit ManualClock(std::chrono::milliseconds boot = std::chrono::seconds(1000),
                       std::chrono::milliseconds wall = std::chrono::seconds(1'700'000'000))
      : boot_(boot), wall_(wall) {}

  [[nodiscard]] std::chrono::milliseconds BootTime() override { return boot_; }
  [[nodiscard]] std::chrono::milliseconds WallTime() override { return wall_; }
  void SleepFor(std::chrono::milliseconds duration) override { Advance(duration); }

  void Advance(std::chrono::milliseconds duration) {
    boot_ += duration;
    wall_ += duration;
  }
  // Somebody set the wall clock; BootTime does not notice.
  void JumpWall(std::chrono::milliseconds by) { wall_ += by; }

 private:
  std::chrono::milliseconds boot_;
  std::chrono::milliseconds wall_;
};

}  // namespace zoowarden::sys
