// Values of a fleet: many ensembles that are rolled in waves. Times are of the wall clock, in
// milliseconds since 1970 (UTC), because maintenance windows are.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace zoowarden::model {

using WallTime = std::chrono::milliseconds;

struct FleetPolicy {
  std::size_t concurrency = 1;   // ensembles at a time, at least 1
  std::size_t error_budget = 0;  // this many may fail; one more, and no further one is begun
  WallTime soak{0};              // from the end of a wave to the next
  WallTime time_needed{0};       // what a window must still have left for an ensemble to be begun
};

// [from, until)
struct TimeInterval {
  WallTime from{0};
  WallTime until{0};
  bool operator==(const TimeInterval&) const = default;
};

struct FleetWave {
  std::string name;
  std::vector<std::size_t> ensembles;  // indices, in the order in which they are begun
};

}  // namespace zoowarden::model
