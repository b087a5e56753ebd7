#include "systemd/notify.h"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace zoowarden::systemd {

void NotifyReady(const std::string& status) {
  sd_notify(/*unset_environment=*/0, ("READY=1\nSTATUS=" + status).c_str());
}

void NotifyStatus(const std::string& status) {
  sd_notify(/*unset_environment=*/0, ("STATUS=" + status).c_str());
}

void NotifyStopping() { sd_notify(/*unset_environment=*/0, "STOPPING=1"); }

std::optional<std::chrono::milliseconds> WatchdogPeriod() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &microseconds) <= 0) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::microseconds(microseconds));
}

void PingWatchdog() { sd_notify(/*unset_environment=*/0, "WATCHDOG=1"); }

}  // namespace zoowarden::systemd
