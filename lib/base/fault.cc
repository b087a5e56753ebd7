#include "base/fault.h"

#ifdef ZOOWARDEN_FAULTS

#include "base/log.h"
#include "base/text.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#define FIU_ENABLE
#include <fiu-control.h>
#include <fiu.h>

namespace zoowarden::base {
namespace {

constexpr int kKill = 1;
constexpr int kStop = 2;
constexpr int kError = 3;
constexpr int kHang = 1000;  // and the milliseconds

constexpr std::string_view kHangPrefix = "hang=";
constexpr std::uint64_t kLongestHang = 600'000;

// 0: no such action.
int ActionNamed(std::string_view name) {
  if (name == "kill" || name == "stop" || name == "error") {
    return name == "kill" ? kKill : name == "stop" ? kStop : kError;
  }
  const auto hang =
      name.starts_with(kHangPrefix) ? ParseUnsigned(name.substr(kHangPrefix.size())) : std::nullopt;
  return hang && *hang <= kLongestHang ? kHang + static_cast<int>(*hang) : 0;
}

void Arm(std::string_view entry) {
  const std::size_t colon = entry.rfind(':');
  const int action = colon == entry.npos ? 0 : ActionNamed(entry.substr(colon + 1));
  if (action == 0) {
    LogError("ZOOWARDEN_FAULT: '" + std::string(entry) +
             "' is not POINT:kill, POINT:stop, POINT:error or POINT:hang=MILLISECONDS");
    std::abort();
  }
  fiu_enable(std::string(entry.substr(0, colon)).c_str(), action, nullptr, FIU_ONETIME);
}

void ArmFromEnvironment() {
  fiu_init(0);
  const char* armed = std::getenv("ZOOWARDEN_FAULT");
  for (const std::string_view entry : Split(armed == nullptr ? "" : armed, ',')) {
    if (!entry.empty()) {
      Arm(entry);
    }
  }
  // For fiu-ctrl: arms and disarms points of a running process through a named pipe.
  if (const char* control = std::getenv("ZOOWARDEN_FAULT_CONTROL")) {
    fiu_rc_fifo(control);
  }
}

// What the point is armed with, 0 = nothing; told before it is done.
int Take(const std::string& name) {
  static std::once_flag armed;
  std::call_once(armed, ArmFromEnvironment);
  const int action = static_cast<int>(fiu_fail(name.c_str()));
  if (action != 0) {
    LogWarn("fault=" + name + " action=" + std::to_string(action));
  }
  return action;
}

void Suffer(int action) {
  if (action >= kHang) {
    std::this_thread::sleep_for(std::chrono::milliseconds(action - kHang));
  } else if (action == kKill || action == kStop) {
    kill(getpid(), action == kKill ? SIGKILL : SIGSTOP);
  }
}

}  // namespace

void FaultPoint(const std::string& name) { Suffer(Take(name)); }

Status FaultStatus(const std::string& name) {
  const int action = Take(name);
  if (action == kError) {
    return Fail(ErrorCode::kInternal, "fault.injected", "fault point " + name + " is armed");
  }
  Suffer(action);
  return Ok();
}

}  // namespace zoowarden::base

#endif
