// What the fleet commands share: the file, where the rollout is kept, and how one ensemble is named
// to a command of its own.
#pragma once

#include "base/error.h"
#include "config/fleet_file.h"
#include "controller/cli/command.h"
#include "controller/cli/context.h"
#include "controller/fleet/fleet_record.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct FleetTarget {
  std::optional<std::string> to;
  std::optional<std::string> release;
  bool allow_outage = false;
  bool retry = false;  // also what a run did not reach
};

// --fleet
[[nodiscard]] Option FleetOption(std::optional<std::string>& file);
// --to, --release and --allow-outage.
[[nodiscard]] std::vector<Option> FleetTargetOptions(FleetTarget& target);

// The file of --fleet, ZOOWARDEN_FLEET or ./fleet.yaml. What is odd in it or in its ensembles'
// files is warned about. kInvalidArgument `usage.fleet_not_ensemble` where --ensemble was given.
[[nodiscard]] base::Result<config::LoadedFleet> LoadFleet(Context& context,
                                                          const std::optional<std::string>& file);

[[nodiscard]] base::Result<std::filesystem::path> FleetDirectory(Context& context,
                                                                 const std::string& fleet);

// The flags with which any command means this ensemble.
[[nodiscard]] base::Result<GlobalFlags> FlagsOf(Context& context,
                                                const config::FleetEnsemble& ensemble);
// " --ensemble FILE --pki DIR", to be added to a command that somebody is told to type.
[[nodiscard]] std::string TypedFlags(Context& context, const config::FleetEnsemble& ensemble);

// The archive as any process finds it; "adopted" and none stay.
[[nodiscard]] std::string ArchiveWord(const std::optional<std::string>& release);

[[nodiscard]] std::string WaveOf(const config::LoadedFleet& fleet, std::size_t ensemble);

// What somebody can do about an ensemble in this state; empty = nothing is left to do. `flags` are
// its TypedFlags.
[[nodiscard]] std::string NextOf(const FleetEntry& entry,
                                 const std::string& flags,
                                 const std::filesystem::path& log);

}  // namespace zoowarden::controller
