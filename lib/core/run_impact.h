// What a run's clients felt: measured beside the rounds, kept in the run's state, held against the
// policy's budget. Pure.
#pragma once

#include "model/ids.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace zoowarden::core {

// What a stream of small writes saw since it was read before.
struct WritesSeen {
  std::uint64_t committed = 0;
  // The longest that a write waited until it was committed. One that waits still counts as far as
  // it was seen to.
  std::chrono::milliseconds longest{0};
  // In which nobody could be asked to write: neither a gap nor none.
  std::chrono::milliseconds unmeasured{0};
};

struct WriteGap {
  std::chrono::milliseconds lasted{0};
  std::optional<model::ServerId> server;  // whose step it was; absent = before the first one
  bool operator==(const WriteGap&) const = default;
};

// Clients by member; absent = it was not seen, or did not say.
using Connections = std::map<model::ServerId, std::optional<std::uint32_t>>;

// Stored with the run.
struct RunImpact {
  std::uint64_t writes = 0;  // of the stream, committed
  WriteGap longest;
  // The longest in a step since the budget counts: since the run began, or since it was resumed
  // after it had halted.
  WriteGap counted;
  std::chrono::milliseconds unmeasured{0};
  int controllers = 0;  // that measured; between two of them nothing was
  Connections before;
  Connections after;
  bool operator==(const RunImpact&) const = default;
};

}  // namespace zoowarden::core
