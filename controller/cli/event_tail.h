// What happened in runs since the last look.
#pragma once

#include "controller/cli/run_records.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::controller {

// Copies of a record arrive in any order, so what was shown is remembered and not how far.
class EventTail {
 public:
  // The events of `run` that no call before gave, in order.
  [[nodiscard]] std::vector<RunEvent> Take(const KnownRun& run);

 private:
  std::map<std::string, std::set<std::pair<std::uint64_t, std::uint64_t>>> shown_;
};

}  // namespace zoowarden::controller
