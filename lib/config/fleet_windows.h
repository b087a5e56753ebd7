// Maintenance windows as a person writes them, and when they are open. Time zones are those of the
// machine's tzdata (/usr/share/zoneinfo), read through abseil. Any thread may call.
#pragma once

#include "base/error.h"
#include "config/yaml_reader.h"
#include "model/fleet.h"

#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace zoowarden::config {

struct FleetWindow {
  std::array<bool, 7> days{};     // of its beginning, Monday first
  std::chrono::minutes from{0};   // of the zone's clocks, after midnight
  std::chrono::minutes until{0};  // not after `from`: of the next day
  std::string zone;               // "Europe/Berlin"
};

// Refused: an unknown zone or day (with the nearest name), a window of no length, and one whose
// clocks never go as far as `time_needed`.
[[nodiscard]] base::Result<std::vector<FleetWindow>> ReadWindows(const YamlValue& value,
                                                                 model::WallTime time_needed);

// When any of them is open between the two times: sorted, apart, not empty. Where clocks are set
// forward over a window's beginning or end that is the moment of the change; where they are set
// back the earlier of the two counts.
[[nodiscard]] std::vector<model::TimeInterval> OpenIntervals(
    const std::vector<FleetWindow>& windows, model::TimeInterval between);

}  // namespace zoowarden::config
