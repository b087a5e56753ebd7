// A rollout of a fleet as it is stored on the control machine: docs/formats.md has the shape. What
// became of an ensemble is also in the records of its runs, on its own agents; where the two
// differ, those count.
#pragma once

#include "base/error.h"
#include "core/fleet.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

inline constexpr int kFleetSchemaVersion = 1;

struct FleetEntry {
  std::string ensemble;
  core::EnsembleState state = core::EnsembleState::kWaiting;
  std::string run_id;            // chosen before its command is begun; empty = there is none
  std::int64_t began_ms = 0;     // wall clock, Unix milliseconds; 0 = not yet
  std::int64_t ended_ms = 0;     // 0 = not yet
  std::optional<int> exit_code;  // of the command that ended last
  std::string process;           // of the command that carries it out: Detached::process
  std::string message;           // why it failed
  bool verified = false;         // in order after the soak
  bool retry = false;            // what was rolled back is to be tried again
  std::string approved;          // DesiredDigest of what was shown; empty = nothing was
};

struct FleetRecord {
  std::string fleet;
  std::string rollout;  // its id
  std::string verb;     // "apply", "upgrade"
  std::string to;       // of an upgrade
  std::string release;  // archive of an upgrade, absolute; "adopted"; empty = beside the old one
  bool allow_outage = false;
  std::int64_t created_ms = 0;
  bool closed = false;  // ended with all ensembles
  std::vector<FleetEntry> ensembles;
};

// nullptr when the ensemble is not in it.
[[nodiscard]] FleetEntry* FindEntry(FleetRecord& record, const std::string& ensemble);

[[nodiscard]] std::string EncodeFleet(const FleetRecord& record);
// kDataLoss `fleet.damaged` for what is no such record, kFailedPrecondition `fleet.newer` for
// another schema version.
[[nodiscard]] base::Result<FleetRecord> DecodeFleet(const std::string& text);

}  // namespace zoowarden::controller
