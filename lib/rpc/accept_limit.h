// A bound on connections in front of gRPC's listener. gRPC has none, and one accept that finds no
// descriptor free ends its listener for good, in silence. It accepts through accept4 of the C
// library; the one in accept_limit.cc stands in its place in every program that serves: what is too
// much is accepted and closed at once, and a want of descriptors is "nothing there yet".
//
// Any thread.
#pragma once

namespace zoowarden::rpc {

struct AcceptLimits {
  int connections = 1024;
  int from_one_address = 256;
};

// For all listeners of this process. Connections that are open stay.
void SetAcceptLimits(const AcceptLimits& limits);

// The usual ones, or half of the descriptors that this process may have.
[[nodiscard]] AcceptLimits UsualAcceptLimits();

}  // namespace zoowarden::rpc
