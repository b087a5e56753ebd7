// A bound on connections in front of gRPC's listener. gRPC has none, and one accept that finds no
// descriptor free ends its listener for good, in silence. It accepts through accept4 of the C
// library; the one in accept_limit.cc stands in its place in every program that serves: what is too
// much is accepted and closed at once, and a want of descriptors is "nothing there yet": whoever
// serves must look whether it lasts, since nobody is served meanwhile.
//
// Any thread.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace zoowarden::rpc {

struct AcceptLimits {
  int connections = 1024;
  int from_one_address = 256;
};

// For all listeners of this process. Connections that are open stay.
void SetAcceptLimits(const AcceptLimits& limits);

// The usual ones, or half of the descriptors that this process may have.
[[nodiscard]] AcceptLimits UsualAcceptLimits();

// What a caller is counted under: his IPv4 address, also one that came mapped into IPv6, or the /64
// of his IPv6 address, since whoever has one of those has them all.
[[nodiscard]] std::string CountedAs(const sockaddr_storage& caller);

struct AcceptState {
  // Callers not admitted for the limits or for want of descriptors, ever.
  std::uint64_t not_admitted = 0;
  // Since the first who found none of this process's descriptors free, if nobody was admitted after
  // him. Where the machine has none this is not told: no end of this process mends that.
  std::optional<std::chrono::milliseconds> without_descriptor;
};
[[nodiscard]] AcceptState AcceptsNow();

// Who would call found no descriptor free.
void NoteNoDescriptor();

}  // namespace zoowarden::rpc
