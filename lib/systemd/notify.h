// What a service tells systemd of itself. Every call is a no-op where nobody asked for it
// (NOTIFY_SOCKET, WATCHDOG_USEC); any thread may call.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace zoowarden::systemd {

void NotifyReady(const std::string& status);
void NotifyStatus(const std::string& status);
void NotifyStopping();

// Within which a ping is expected; nullopt = no watchdog.
[[nodiscard]] std::optional<std::chrono::milliseconds> WatchdogPeriod();
void PingWatchdog();

}  // namespace zoowarden::systemd
