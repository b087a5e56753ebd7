// How a release line would start a server with a given configuration: as a member of a quorum,
// standalone, or not at all. Standalone where an ensemble is meant is the worst outcome there is,
// because such a server acknowledges writes alone, so this is asked before every start.
//
// Follows QuorumPeerConfig of 3.4, 3.5, 3.6, 3.7 and later (read at 3.4.13 and on the development
// line after 3.9; about 60 configurations compared with what 3.4.14, 3.5.10, 3.6.4, 3.8.4 and 3.9.5
// really do). Where it differs it is stricter. 3.4 ignores dynamicConfigFile. Not judged: whether
// files, host names and classes exist, and settings given as JVM options. Pure functions.
#pragma once

#include "base/error.h"
#include "model/version.h"
#include "zk/membership.h"
#include "zk/zoo_cfg.h"

#include <optional>
#include <string>

namespace zoowarden::zk {

enum class StartMode {
  kQuorum,      // starts as a member of `membership`
  kStandalone,  // starts alone and accepts writes
  kInvalid,     // exits with an error (code 2)
};
[[nodiscard]] std::string_view StartModeName(StartMode mode);

struct StartInputs {
  const ZooCfg& cfg;
  // Content of the file that dynamicConfigFile names; nullptr when that file is not there.
  const ZooCfg* dynamic = nullptr;
  model::Version version;
  // The number in myid; nullopt when there is no myid file.
  std::optional<model::ServerId> my_id;
  // -Dzookeeper.multiAddress.enabled=true is among the JVM options. The zoo.cfg key of that name
  // does not make server lines with '|' valid (tried on 3.8.4 and 3.9.5).
  bool multi_address_enabled = false;
};

struct StartVerdict {
  StartMode mode = StartMode::kInvalid;
  std::string reason;     // why, for a person; names the file and place where it can
  Membership membership;  // as this release line sees it; empty unless kQuorum
};

[[nodiscard]] StartVerdict HowItStarts(const StartInputs& inputs);

// True when `cfg` names a dynamic configuration file that this release line reads.
[[nodiscard]] bool ReadsDynamicFile(const ZooCfg& cfg, model::Version version);

}  // namespace zoowarden::zk
