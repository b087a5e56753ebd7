// Named points at which a test can make this process die, freeze or fail: docs/fault-points.md.
//
// Compiled in only where ZOOWARDEN_FAULTS is set (presets dev and asan); what is installed on
// servers has none of it. There, `ZOOWARDEN_FAULT=point:action[,point:action]` in the environment
// arms points, each once: `kill` is SIGKILL to itself, `stop` SIGSTOP to itself, `hang=MS` sleeps,
// `error` makes what the point stands for fail (FaultStatus only).
#pragma once

#ifdef ZOOWARDEN_FAULTS
#include "base/error.h"
#endif

#include <string>

namespace zoowarden::base {

#ifdef ZOOWARDEN_FAULTS
void FaultPoint(const std::string& name);
// Ok, or kInternal `fault.injected` when the point is armed with `error`.
[[nodiscard]] Status FaultStatus(const std::string& name);
#endif

}  // namespace zoowarden::base

#ifdef ZOOWARDEN_FAULTS
#define ZW_FAULT_POINT(name) ::zoowarden::base::FaultPoint(name)
#else
#define ZW_FAULT_POINT(name) \
  do {                       \
  } while (false)
#endif
