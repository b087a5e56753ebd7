// Reads everything back through every member, each over a session that can reach no other.
#pragma once

#include "base/error.h"
#include "tests/load/session.h"
#include "tests/load/verdict.h"
#include "tests/load/writer.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace zoowarden::load {

struct VerifyOptions {
  std::vector<std::string> members;  // h:p each
  SessionOptions session;            // `hosts` is replaced
  std::chrono::milliseconds limit{60'000};
};

// kUnavailable when a member cannot be read before the limit: then nothing is proved.
[[nodiscard]] base::Result<Verdict> Verify(const VerifyOptions& options,
                                           const std::vector<std::unique_ptr<Writer>>& writers);

}  // namespace zoowarden::load
