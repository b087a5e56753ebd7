// The ensemble's committed configuration: the text of the znode /zookeeper/config (3.5 on), which
// is also what `conf` prints after "membership:". Server lines, group and weight lines, and a
// version.
//
// With reconfigEnabled=false each member shows its own list there and version 0 (or, before 3.5,
// no znode at all), so agreement between members has to be looked at, not assumed. Pure functions.
#pragma once

#include "base/error.h"
#include "zk/membership.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace zoowarden::zk {

struct CommittedConfig {
  Membership membership;
  std::uint64_t version = 0;  // zxid of the reconfiguration that made it; hexadecimal in the text
  bool operator==(const CommittedConfig&) const = default;
};

// Needs at least one server line and exactly one version line. Reason: zk.config_malformed.
[[nodiscard]] base::Result<CommittedConfig> ParseCommittedConfig(std::string_view text);
[[nodiscard]] std::string PrintCommittedConfig(const CommittedConfig& config);

}  // namespace zoowarden::zk
