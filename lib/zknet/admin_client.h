// One command asked of one AdminServer over plain HTTP. Blocking; the JSON is parsed by zk/admin.h.
#pragma once

#include "base/error.h"
#include "zknet/connection.h"

#include <chrono>
#include <string>
#include <string_view>

namespace zoowarden::zknet {

// GET /commands/<command>; `command` consists of letters and '_'. The body as it came, at most
// 4 MiB, when it is a JSON object: some releases say "not serving" with an HTTP error and JSON.
// Errors: kUnavailable zk.unreachable, zk.closed or zk.command_failed; kDeadlineExceeded
// zk.timeout; kResourceExhausted zk.reply_too_large.
[[nodiscard]] base::Result<std::string> AdminCommand(const Endpoint& endpoint,
                                                     std::string_view command,
                                                     std::chrono::milliseconds timeout);

}  // namespace zoowarden::zknet
