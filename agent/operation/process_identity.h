#pragma once

#include "model/observation.h"

#include <cstdint>

namespace zoowarden::agent {

// A process named as the kernel names it.
struct ProcessIdentity {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
  bool operator==(const ProcessIdentity&) const = default;

  [[nodiscard]] static ProcessIdentity Of(const model::Process& process) {
    return {.pid = process.pid, .start_time = process.start_time};
  }
  [[nodiscard]] bool Names(const model::Process& process) const {
    return pid != 0 && *this == Of(process);
  }
};

}  // namespace zoowarden::agent
