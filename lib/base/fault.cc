#include "base/fault.h"

#ifdef ZOOWARDEN_FAULTS

#include "base/log.h"
#include "base/text.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>

#define FIU_ENABLE
#include <fiu-control.h>
#include <fiu.h>

namespace zoowarden::base {
namespace {

constexpr int kKill = 1;
constexpr int kStop = 2;

void Arm(std::string_view entry) {
  const std::size_t colon = entry.rfind(':');
  const std::string_view action = colon == entry.npos ? "" : entry.substr(colon + 1);
  if (action != "kill" && action != "stop") {
    LogError("ZOOWARDEN_FAULT: '" + std::string(entry) + "' is not POINT:kill or POINT:stop");
    std::abort();
  }
  fiu_enable(std::string(entry.substr(0, colon)).c_str(),
             action == "kill" ? kKill : kStop,
             nullptr,
             FIU_ONETIME);
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

}  // namespace

void FaultPoint(const std::string& name) {
  static std::once_flag armed;
  std::call_once(armed, ArmFromEnvironment);
  const auto action = fiu_fail(name.c_str());
  if (action == 0) {
    return;
  }
  LogWarn("fault=" + name + " action=" + (action == kKill ? "kill" : "stop"));
  kill(getpid(), action == kKill ? SIGKILL : SIGSTOP);
}

}  // namespace zoowarden::base

#endif
