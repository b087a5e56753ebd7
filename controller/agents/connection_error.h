// What gRPC says of a call that came to nobody, as a sentence with what to do. Pure.
#pragma once

#include "base/error.h"

#include <string>

namespace zoowarden::controller {

struct Dialled {
  std::string agent;  // HOST:PORT
  std::string who;    // "server 1", or empty when nobody knows yet
  std::string ca;     // the file by which agents are believed
};

// The same error when an agent said it. The code stays, because a run goes by it; a handshake that
// failed gets a reason: `pki.foreign_ca`, `pki.not_believed`.
[[nodiscard]] base::Error ConnectionError(const Dialled& dialled, const base::Error& error);

}  // namespace zoowarden::controller
