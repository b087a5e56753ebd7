// One four-letter word asked of one server. Blocking; the text is parsed by zk/srvr.h, zk/mntr.h.
#pragma once

#include "base/error.h"
#include "zknet/connection.h"

#include <chrono>
#include <string>
#include <string_view>

namespace zoowarden::zknet {

// The reply as it came, at most 1 MiB, whatever it says. Errors as in connection.h.
[[nodiscard]] base::Result<std::string> FourLetter(const Endpoint& endpoint,
                                                   std::string_view word,
                                                   std::chrono::milliseconds timeout);

}  // namespace zoowarden::zknet
