#include "zk/key_effects.h"

#include "zk/known_keys.h"

#include <algorithm>
#include <array>

namespace zoowarden::zk {
namespace {

struct LiveKey {
  std::string_view key;
  std::string_view attribute;
  std::string_view bean;
  model::Version since;
};

constexpr std::string_view kServer = "ZooKeeperServerMXBean";
constexpr std::string_view kPeer = "LocalPeerMXBean";
constexpr std::string_view kLeader = "LeaderMXBean";
constexpr model::Version k34{3, 4, 0};
constexpr model::Version k36{3, 6, 0};
constexpr model::Version k37{3, 7, 0};

constexpr auto kLiveKeys = std::to_array<LiveKey>({
    {"commitProcessor.maxCommitBatchSize", "CommitProcMaxCommitBatchSize", kServer, k36},
    {"commitProcessor.maxReadBatchSize", "CommitProcMaxReadBatchSize", kServer, k36},
    {"connection_throttle_decrease_ratio", "ConnectionDecreaseRatio", kServer, k36},
    {"connection_throttle_drop_decrease", "ConnectionDropDecrease", kServer, k36},
    {"connection_throttle_drop_increase", "ConnectionDropIncrease", kServer, k36},
    {"connection_throttle_fill_count", "ConnectionTokenFillCount", kServer, k36},
    {"connection_throttle_fill_time", "ConnectionTokenFillTime", kServer, k36},
    {"connection_throttle_freeze_time", "ConnectionFreezeTime", kServer, k36},
    {"connection_throttle_tokens", "ConnectionMaxTokens", kServer, k36},
    {"flushDelay", "FlushDelay", kServer, k36},
    {"initLimit", "InitLimit", kPeer, k36},
    {"largeRequestMaxBytes", "LargeRequestMaxBytes", kServer, k36},
    {"largeRequestThreshold", "LargeRequestThreshold", kServer, k36},
    {"leader.maxConcurrentDiffSyncs", "MaxConcurrentDiffSyncs", kLeader, k36},
    {"leader.maxConcurrentSnapSyncs", "MaxConcurrentSnapSyncs", kLeader, k36},
    {"maxBatchSize", "MaxBatchSize", kServer, k36},
    {"maxClientCnxns", "MaxClientCnxnsPerHost", kServer, k34},
    {"maxSessionTimeout", "MaxSessionTimeout", kServer, k34},
    {"maxWriteQueuePollTime", "MaxWriteQueuePollTime", kServer, k36},
    {"minSessionTimeout", "MinSessionTimeout", kServer, k34},
    {"observer.election.DelayMs", "ObserverElectionDelayMS", "QuorumMXBean", k36},
    {"observerMaster.sizeLimit", "ObserverMasterPacketSizeLimit", "FollowerMXBean", k36},
    {"request_stale_connection_check", "RequestStaleConnectionCheck", kServer, k36},
    {"request_stale_latency_check", "RequestStaleLatencyCheck", kServer, k36},
    {"request_throttle_drop_stale", "RequestThrottleDropStale", kServer, k36},
    {"request_throttle_max_requests", "RequestThrottleLimit", kServer, k36},
    {"request_throttle_stall_time", "RequestThrottleStallTime", kServer, k36},
    {"syncLimit", "SyncLimit", kPeer, k36},
    {"throttled_op_wait_time", "ThrottledOpWaitTime", kServer, k37},
    {"tickTime", "TickTime", kServer, k34},
});

// Part of a server's line in the dynamic configuration since 3.5.0.
constexpr auto kReconfigured = std::to_array<std::string_view>(
    {"clientPort", "clientPortAddress", "group.", "server.", "weight."});

bool IsReconfigured(std::string_view key) {
  return std::any_of(kReconfigured.begin(), kReconfigured.end(), [key](std::string_view name) {
    return name.ends_with('.') ? key.starts_with(name) : key == name;
  });
}

// Of the row that this release belongs to, else of the first one.
std::optional<model::Version> ReadSince(std::string_view key, model::Version version) {
  std::optional<model::Version> since;
  for (const auto& known : KnownKeys()) {
    const bool covers = known.name.ends_with('.') ? key.starts_with(known.name) : key == known.name;
    const bool here = version >= known.since && (!known.until || version <= *known.until);
    if (covers && (here || !since)) {
      since = known.since;
    }
  }
  return since;
}

}  // namespace

std::string_view EffectName(Effect effect) {
  switch (effect) {
    case Effect::kLive:
      return "live";
    case Effect::kReconfiguration:
      return "reconfiguration";
    case Effect::kRestart:
      break;
  }
  return "restart";
}

KeyEffect EffectOf(std::string_view key, model::Version version) {
  const auto live = std::find_if(
      kLiveKeys.begin(), kLiveKeys.end(), [key](const LiveKey& row) { return row.key == key; });
  if (live != kLiveKeys.end() && version >= live->since) {
    return {.effect = Effect::kLive,
            .since = live->since,
            .attribute = std::string(live->attribute) + " of " + std::string(live->bean)};
  }
  constexpr model::Version kReconfig{3, 5, 0};
  if (version >= kReconfig && IsReconfigured(key)) {
    return {.effect = Effect::kReconfiguration, .since = kReconfig};
  }
  return {.effect = Effect::kRestart, .since = ReadSince(key, version)};
}

}  // namespace zoowarden::zk
