// Named points at which a test can make this process die or freeze: docs/fault-points.md.
//
// Compiled in only where ZOOWARDEN_FAULTS is set (presets dev and asan); what is installed on
// servers has none of it. There, `ZOOWARDEN_FAULT=point:kill[,point:stop]` in the environment arms
// points: `kill` is SIGKILL to itself, `stop` is SIGSTOP to itself, once.
#pragma once

#include <string>

namespace zoowarden::base {

#ifdef ZOOWARDEN_FAULTS
void FaultPoint(const std::string& name);
#endif

}  // namespace zoowarden::base

#ifdef ZOOWARDEN_FAULTS
#define ZW_FAULT_POINT(name) ::zoowarden::base::FaultPoint(name)
#else
#define ZW_FAULT_POINT(name) \
  do {                       \
  } while (false)
#endif
