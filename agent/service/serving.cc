#include "agent/service/serving.h"

#include "agent/service/self_watch.h"
#include "base/log.h"
#include "rpc/accept_limit.h"
#include "rpc/listener_probe.h"
#include "systemd/notify.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace zoowarden::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBeat{10'000};
constexpr milliseconds kListenerPatience{5'000};

// Three beats a watchdog's period, so that one lost beat is not the end.
milliseconds BeatPeriod() {
  const auto watchdog = systemd::WatchdogPeriod();
  return watchdog ? std::clamp(*watchdog / 3, milliseconds(1), kBeat) : kBeat;
}

// The signal that came within that time, 0 when none did.
int WaitForSignal(const sigset_t& signals, milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const auto rest = std::chrono::nanoseconds(time - seconds);
  const timespec patience{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  return std::max(sigtimedwait(&signals, nullptr, &patience), 0);
}

std::string StatusOf(const model::OperationStatus& operation) {
  const std::string state(model::OperationStateName(operation.state));
  return operation.operation_id.empty() ? state
                                        : "operation " + operation.operation_id + " is " + state;
}

// Connects to the own address, and knows why callers are turned away. Those at the limits wait for
// others to leave: that is no fault of the listener's.
Signs LookAtListener(const std::string& address, milliseconds patience) {
  const auto before = rpc::AcceptsNow();
  const auto answered = rpc::ProbeListener(address, patience);
  const auto after = rpc::AcceptsNow();
  Signs signs{.listener = Listener::kServes, .without_descriptor = after.without_descriptor};
  if (!answered) {
    base::LogWarn(answered.error().message());
    // It does accept, though perhaps not this one.
    const bool known = after.not_admitted != before.not_admitted &&
                       answered.error().reason() == "listener.turned_away";
    const bool looked = answered.error().reason() != "listener.not_looked";
    signs.listener = !looked ? Listener::kNotLooked
                     : known ? Listener::kTurnsAway
                             : Listener::kSilent;
  }
  return signs;
}

}  // namespace

End ServeUntilEnd(const AgentCore& core, const std::string& address, const sigset_t& signals) {
  std::string status = StatusOf(core.TakePulse().operation);
  systemd::NotifyReady(status);
  const milliseconds period = BeatPeriod();
  SelfWatch watch;
  const std::string own = rpc::WithoutName(address);
  while (true) {
    if (const int received = WaitForSignal(signals, period); received != 0) {
      systemd::NotifyStopping();
      base::LogInfo("ending signal=" + std::to_string(received));
      return End::kAsked;
    }
    Signs signs = LookAtListener(own, std::min(period, kListenerPatience));
    const AgentCore::Pulse pulse = core.TakePulse();
    signs.step_runs = pulse.step_runs;
    signs.state = pulse.operation.state;
    const Health health = watch.Note(signs);
    if (health == Health::kDead) {
      systemd::NotifyStopping();
      base::LogError("ending listener=dead address=" + address + " without_descriptor_ms=" +
                     std::to_string(signs.without_descriptor.value_or(milliseconds(0)).count()));
      return End::kListenerDead;
    }
    if (health == Health::kGood) {
      systemd::PingWatchdog();
    } else if (signs.listener != Listener::kSilent) {
      base::LogWarn("step_runs_ms=" + std::to_string(pulse.step_runs.count()) + " " +
                    StatusOf(pulse.operation));
    }
    if (std::string now = StatusOf(pulse.operation); now != status) {
      systemd::NotifyStatus(status = std::move(now));
    }
  }
}

}  // namespace zoowarden::agent
