// Whether a listener of this process still takes connections.
//
// gRPC's stops for good after one accept4 that failed, while its socket stays open and the process
// looks healthy: connections then wait in the kernel's queue. accept_limit.h keeps a want of
// descriptors from it; whatever else may end it, a connection must be made and answered.
#pragma once

#include "base/error.h"

#include <chrono>
#include <string>

namespace zoowarden::rpc {

// HOST:PORT with the first address of HOST in its place, so that later probes ask no name server,
// whose failure is not the listener's. Unchanged when it cannot be resolved. May block.
[[nodiscard]] std::string WithoutName(const std::string& address);

// Connects to HOST:PORT, says at once that it has nothing to say, and waits until the other side
// closes or answers. Blocks for at most `patience`, any thread may call. kUnavailable
// `listener.silent` or `listener.refused`.
[[nodiscard]] base::Status ProbeListener(const std::string& address,
                                         std::chrono::milliseconds patience);

}  // namespace zoowarden::rpc
