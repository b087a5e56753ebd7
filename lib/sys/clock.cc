#include "sys/clock.h"

#include <ctime>
#include <thread>

namespace zoowarden::sys {
namespace {

std::chrono::milliseconds Read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

std::chrono::milliseconds RealClock::BootTime() { return Read(CLOCK_BOOTTIME); }

std::chrono::milliseconds RealClock::WallTime() { return Read(CLOCK_REALTIME); }

void RealClock::SleepFor(std::chrono::milliseconds duration) {
  std::this_thread::sleep_for(duration);
}

}  // namespace zoowarden::sys
