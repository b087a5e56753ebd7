// How a changed zoo.cfg key can reach a server that runs: what ZooKeeper itself is able to, whoever
// uses it. The file is read at the start only; what is committed by `reconfig` and what can be set
// over JMX is the rest. Pure.
//
// Sources: the setters of ZooKeeperServerMXBean, LocalPeerMXBean, QuorumMXBean, LeaderMXBean and
// FollowerMXBean in the published jars of 3.4.14, 3.5.10, 3.6.0, 3.6.4, 3.7.0, 3.7.2, 3.8.4, 3.9.4
// and 3.9.5; zookeeperReconfig.md of 3.9.5.
#pragma once

#include "model/version.h"

#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::zk {

enum class Effect {
  kLive,             // a running server can be told, until it starts again
  kReconfiguration,  // committed by the ensemble, where reconfigEnabled is on
  kRestart,          // read when the server starts
};
[[nodiscard]] std::string_view EffectName(Effect effect);  // "live", "reconfiguration", "restart"

struct KeyEffect {
  Effect effect = Effect::kRestart;
  // From which release on it is so; nullopt: no release is known to read the key.
  std::optional<model::Version> since;
  std::string attribute;  // of kLive: "TickTime of ZooKeeperServerMXBean"
};

// In the release `version`. A key that this one does not read, and others do, has the effect and
// the release of those.
[[nodiscard]] KeyEffect EffectOf(std::string_view key, model::Version version);

}  // namespace zoowarden::zk
