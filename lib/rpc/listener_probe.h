// Whether a listener of this process still serves connections.
//
// gRPC's stops for good after one accept4 that failed, while its socket stays open and the process
// looks healthy: connections then wait in the kernel's queue. accept_limit.h keeps a want of
// descriptors from it, and closes what it cannot admit; so a connection must be made, and TLS must
// answer on it.
#pragma once

#include "base/error.h"

#include <chrono>
#include <string>

namespace zoowarden::rpc {

// HOST:PORT with the first address of HOST in its place, so that later probes ask no name server,
// whose failure is not the listener's. Unchanged when it cannot be resolved. May block.
[[nodiscard]] std::string WithoutName(const std::string& address);

// Connects to HOST:PORT, begins a TLS handshake, and leaves when the other side answers. Blocks for
// at most `patience`, any thread may call. kUnavailable `listener.silent`, `listener.refused`, or
// `listener.turned_away`: it was accepted and closed, as by the limits of accept_limit.h.
// kResourceExhausted `listener.not_looked`: this process, or the machine, has no descriptor or no
// memory for it, or to look its name up, which says nothing of the listener.
[[nodiscard]] base::Status ProbeListener(const std::string& address,
                                         std::chrono::milliseconds patience);

}  // namespace zoowarden::rpc
