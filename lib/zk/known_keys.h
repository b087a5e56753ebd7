// The zoo.cfg keys that ZooKeeper reads, with the versions in which it does. For help only: an
// unknown key is never fatal, ZooKeeper turns it into -Dzookeeper.<key>.
//
// Taken from QuorumPeerConfig and from every read of a system property "zookeeper.*" in the sources
// of 44 releases, 3.4.0 to 3.9.5, and the development line.
#pragma once

#include "model/version.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace zoowarden::zk {

struct KnownKey {
  std::string_view name;  // ends with '.' for a family ("server.", "metricsProvider.")
  model::Version since;
  std::optional<model::Version> until;  // last release that read it; nullopt = still read
};

// Sorted by name. A name may be there twice when there is a gap between release lines.
[[nodiscard]] std::span<const KnownKey> KnownKeys();

[[nodiscard]] bool IsKnownKey(std::string_view key, model::Version version);

// "unknown key 'tickTme' for ZooKeeper 3.9.4, did you mean 'tickTime'?"; for a key that another
// version knows, which one; nullopt when the key is known.
[[nodiscard]] std::optional<std::string> KeyAdvice(std::string_view key, model::Version version);

}  // namespace zoowarden::zk
