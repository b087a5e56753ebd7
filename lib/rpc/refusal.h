// A call that was refused because of who made it, before its handler.
#pragma once

#include "base/error.h"

#include <functional>
#include <string>

namespace zoowarden::rpc {

struct Refusal {
  std::string caller;  // URI of the certificate, or "(no identity)"
  std::string method;  // of the method table, or "(unknown)"
  base::Error error;
};

// Called on gRPC's threads, before the caller is answered.
using RefusalSink = std::function<void(const Refusal& refusal)>;

}  // namespace zoowarden::rpc
