#include "zk/known_keys.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <vector>

namespace zoowarden::zk {
namespace {

// clang-format off
constexpr auto kKeys = std::to_array<KnownKey>({
    {"4lw.commands.whitelist", {3, 4, 10}, model::Version{3, 4, 14}},
    {"4lw.commands.whitelist", {3, 5, 3}, std::nullopt},
    {"DigestAuthenticationProvider.digestAlg", {3, 7, 0}, std::nullopt},
    {"DigestAuthenticationProvider.enabled", {3, 7, 0}, std::nullopt},
    {"DigestAuthenticationProvider.superDigest", {3, 4, 0}, std::nullopt},
    {"IPAuthenticationProvider.usexforwardedfor", {3, 9, 3}, std::nullopt},
    {"SASLAuthenticationProvider.superPassword", {3, 4, 0}, std::nullopt},
    {"X509AuthenticationProvider.superUser", {3, 5, 1}, std::nullopt},
    {"admin.commandURL", {3, 5, 0}, std::nullopt},
    {"admin.enableServer", {3, 5, 0}, std::nullopt},
    {"admin.forceHttps", {3, 6, 3}, model::Version{3, 6, 4}},
    {"admin.forceHttps", {3, 7, 1}, std::nullopt},
    {"admin.httpVersion", {3, 6, 0}, std::nullopt},
    {"admin.idleTimeout", {3, 5, 3}, std::nullopt},
    {"admin.needClientAuth", {3, 9, 0}, std::nullopt},
    {"admin.portUnification", {3, 6, 0}, std::nullopt},
    {"admin.rateLimiterIntervalInMS", {3, 9, 0}, std::nullopt},
    {"admin.restore.enabled", {3, 9, 0}, std::nullopt},
    {"admin.serverAddress", {3, 5, 1}, std::nullopt},
    {"admin.serverPort", {3, 5, 0}, std::nullopt},
    {"admin.snapshot.enabled", {3, 9, 0}, std::nullopt},
    {"allowSaslFailedClients", {3, 4, 0}, std::nullopt},
    {"audit.enable", {3, 6, 0}, std::nullopt},
    {"audit.impl.class", {3, 6, 0}, std::nullopt},
    {"authProvider.", {3, 4, 0}, std::nullopt},
    {"autopurge.purgeInterval", {3, 4, 0}, std::nullopt},
    {"autopurge.snapRetainCount", {3, 4, 0}, std::nullopt},
    {"bitHashCacheSize", {3, 6, 0}, std::nullopt},
    {"client.certReload", {3, 7, 2}, model::Version{3, 7, 2}},
    {"client.certReload", {3, 8, 5}, std::nullopt},
    {"client.portUnification", {3, 5, 7}, std::nullopt},
    {"clientPort", {3, 4, 0}, std::nullopt},
    {"clientPortAddress", {3, 4, 0}, std::nullopt},
    {"clientPortListenBacklog", {3, 6, 0}, std::nullopt},
    {"closeSessionTxn.enabled", {3, 6, 0}, std::nullopt},
    {"cnxTimeout", {3, 4, 0}, std::nullopt},
    {"commitLogCount", {3, 6, 0}, std::nullopt},
    {"commitProcessor.maxCommitBatchSize", {3, 6, 0}, std::nullopt},
    {"commitProcessor.maxReadBatchSize", {3, 6, 0}, std::nullopt},
    {"commitProcessor.numWorkerThreads", {3, 5, 0}, std::nullopt},
    {"commitProcessor.shutdownTimeout", {3, 5, 0}, std::nullopt},
    {"connectToLearnerMasterLimit", {3, 6, 0}, std::nullopt},
    {"connection_throttle_decrease_ratio", {3, 6, 0}, std::nullopt},
    {"connection_throttle_drop_decrease", {3, 6, 0}, std::nullopt},
    {"connection_throttle_drop_increase", {3, 6, 0}, std::nullopt},
    {"connection_throttle_fill_count", {3, 6, 0}, std::nullopt},
    {"connection_throttle_fill_time", {3, 6, 0}, std::nullopt},
    {"connection_throttle_freeze_time", {3, 6, 0}, std::nullopt},
    {"connection_throttle_global_session_weight", {3, 6, 0}, std::nullopt},
    {"connection_throttle_local_session_weight", {3, 6, 0}, std::nullopt},
    {"connection_throttle_renew_session_weight", {3, 6, 0}, std::nullopt},
    {"connection_throttle_tokens", {3, 6, 0}, std::nullopt},
    {"connection_throttle_weight_enabled", {3, 6, 0}, std::nullopt},
    {"dataDir", {3, 4, 0}, std::nullopt},
    {"dataLogDir", {3, 4, 0}, std::nullopt},
    {"datadir.autocreate", {3, 5, 0}, std::nullopt},
    {"db.autocreate", {3, 6, 0}, std::nullopt},
    {"digest.enabled", {3, 6, 0}, std::nullopt},
    {"dynamicConfigFile", {3, 5, 0}, std::nullopt},
    {"electionAlg", {3, 4, 0}, std::nullopt},
    {"electionPortBindRetry", {3, 5, 6}, std::nullopt},
    {"emulate353TTLNodes", {3, 5, 4}, std::nullopt},
    {"enableEagerACLCheck", {3, 6, 0}, std::nullopt},
    {"enforce.auth.enabled", {3, 7, 0}, std::nullopt},
    {"enforce.auth.schemes", {3, 7, 0}, std::nullopt},
    {"enforceQuota", {3, 7, 0}, std::nullopt},
    {"ensembleAuthName", {3, 6, 0}, std::nullopt},
    {"extendedTypesEnabled", {3, 5, 4}, std::nullopt},
    {"fastleader.maxNotificationInterval", {3, 6, 0}, std::nullopt},
    {"fastleader.minNotificationInterval", {3, 6, 0}, std::nullopt},
    {"fips-mode", {3, 8, 2}, std::nullopt},
    {"flushDelay", {3, 6, 0}, std::nullopt},
    {"follower.skipLearnerRequestToNextProcessor", {3, 7, 0}, std::nullopt},
    {"forceSnapshotSync", {3, 5, 0}, std::nullopt},
    {"forceSync", {3, 4, 0}, std::nullopt},
    {"forward_learner_requests_to_commit_processor_disabled", {3, 7, 0}, std::nullopt},
    {"fsync.warningthresholdms", {3, 4, 9}, std::nullopt},
    {"globalOutstandingLimit", {3, 4, 0}, std::nullopt},
    {"group.", {3, 4, 0}, std::nullopt},
    {"initLimit", {3, 4, 0}, std::nullopt},
    {"intBufferStartingSizeBytes", {3, 6, 0}, std::nullopt},
    {"ipReachableTimeout", {3, 4, 11}, model::Version{3, 4, 14}},
    {"jmx.log4j.disable", {3, 4, 0}, std::nullopt},
    {"jmx.log4j.mbean", {3, 5, 5}, std::nullopt},
    {"jvm.pause.info-threshold.ms", {3, 6, 0}, std::nullopt},
    {"jvm.pause.monitor", {3, 6, 0}, std::nullopt},
    {"jvm.pause.sleep.time.ms", {3, 6, 0}, std::nullopt},
    {"jvm.pause.warn-threshold.ms", {3, 6, 0}, std::nullopt},
    {"kerberos.canonicalizeHostNames", {3, 7, 0}, std::nullopt},
    {"kerberos.minReLoginTimeMs", {3, 5, 10}, model::Version{3, 5, 10}},
    {"kerberos.minReLoginTimeMs", {3, 6, 4}, model::Version{3, 6, 4}},
    {"kerberos.minReLoginTimeMs", {3, 7, 1}, model::Version{3, 7, 2}},
    {"kerberos.minReLoginTimeMs", {3, 8, 1}, std::nullopt},
    {"kerberos.removeHostFromPrincipal", {3, 4, 0}, std::nullopt},
    {"kerberos.removeRealmFromPrincipal", {3, 4, 0}, std::nullopt},
    {"largeRequestMaxBytes", {3, 6, 0}, std::nullopt},
    {"largeRequestThreshold", {3, 6, 0}, std::nullopt},
    {"leader.ackLoggingFrequency", {3, 6, 0}, std::nullopt},
    {"leader.closeSocketAsync", {3, 7, 1}, std::nullopt},
    {"leader.maxConcurrentDiffSyncs", {3, 6, 0}, std::nullopt},
    {"leader.maxConcurrentSnapSyncs", {3, 6, 0}, std::nullopt},
    {"leader.maxConcurrentSnapshotTimeout", {3, 5, 0}, model::Version{3, 5, 10}},
    {"leader.maxConcurrentSnapshots", {3, 5, 0}, model::Version{3, 5, 10}},
    {"leader.maxTimeToWaitForEpoch", {3, 6, 0}, std::nullopt},
    {"leaderConnectDelayDuringRetryMs", {3, 6, 0}, std::nullopt},
    {"leaderServes", {3, 4, 0}, std::nullopt},
    {"learner.asyncSending", {3, 6, 3}, model::Version{3, 6, 4}},
    {"learner.asyncSending", {3, 7, 1}, std::nullopt},
    {"learner.closeSocketAsync", {3, 7, 1}, std::nullopt},
    {"letAnySaslUserDoX", {3, 5, 0}, std::nullopt},
    {"localSessionsEnabled", {3, 5, 0}, std::nullopt},
    {"localSessionsUpgradingEnabled", {3, 5, 0}, std::nullopt},
    {"maxBatchSize", {3, 6, 0}, std::nullopt},
    {"maxClientCnxns", {3, 4, 0}, std::nullopt},
    {"maxCnxns", {3, 6, 0}, std::nullopt},
    {"maxGetChildrenResponseCacheSize", {3, 6, 0}, std::nullopt},
    {"maxInProcessingDeadWatchers", {3, 6, 0}, std::nullopt},
    {"maxResponseCacheSize", {3, 6, 0}, std::nullopt},
    {"maxSessionTimeout", {3, 4, 0}, std::nullopt},
    {"maxWriteQueuePollTime", {3, 6, 0}, std::nullopt},
    {"messageTracker.BufferSize", {3, 6, 0}, std::nullopt},
    {"messageTracker.Enabled", {3, 6, 0}, std::nullopt},
    {"metricsProvider.", {3, 6, 0}, std::nullopt},
    {"metricsProvider.className", {3, 6, 0}, std::nullopt},
    {"minSessionTimeout", {3, 4, 0}, std::nullopt},
    {"multiAddress.enabled", {3, 6, 0}, std::nullopt},
    {"multiAddress.reachabilityCheckEnabled", {3, 6, 0}, std::nullopt},
    {"multiAddress.reachabilityCheckTimeoutMs", {3, 6, 0}, std::nullopt},
    {"netty.advancedFlowControl.enabled", {3, 6, 0}, std::nullopt},
    {"netty.server.earlyDropSecureConnectionHandshakes", {3, 7, 1}, std::nullopt},
    {"netty.server.outstandingHandshake.limit", {3, 6, 0}, std::nullopt},
    {"nio.directBufferBytes", {3, 5, 0}, std::nullopt},
    {"nio.numSelectorThreads", {3, 5, 0}, std::nullopt},
    {"nio.numWorkerThreads", {3, 5, 0}, std::nullopt},
    {"nio.sessionlessCnxnTimeout", {3, 5, 0}, std::nullopt},
    {"nio.shutdownTimeout", {3, 5, 0}, std::nullopt},
    {"observer.election.DelayMs", {3, 6, 0}, std::nullopt},
    {"observer.reconnectDelayMs", {3, 6, 0}, std::nullopt},
    {"observer.syncEnabled", {3, 4, 6}, std::nullopt},
    {"observerMaster.sizeLimit", {3, 6, 0}, std::nullopt},
    {"observerMasterPort", {3, 6, 0}, std::nullopt},
    {"oraclePath", {3, 8, 0}, std::nullopt},
    {"pathStats.delay", {3, 6, 0}, std::nullopt},
    {"pathStats.enabled", {3, 6, 0}, std::nullopt},
    {"pathStats.initialDelay", {3, 6, 0}, std::nullopt},
    {"pathStats.maxDepth", {3, 6, 0}, std::nullopt},
    {"pathStats.sampleRate", {3, 6, 0}, std::nullopt},
    {"pathStats.slotCapacity", {3, 6, 0}, std::nullopt},
    {"pathStats.slotDuration", {3, 6, 0}, std::nullopt},
    {"pathStats.topPathMax", {3, 6, 0}, std::nullopt},
    {"peerType", {3, 4, 0}, std::nullopt},
    {"portUnification", {3, 5, 5}, std::nullopt},
    {"preAllocSize", {3, 4, 0}, std::nullopt},
    {"quorum.auth.enableSasl", {3, 4, 10}, model::Version{3, 4, 14}},
    {"quorum.auth.enableSasl", {3, 5, 4}, std::nullopt},
    {"quorum.auth.kerberos.servicePrincipal", {3, 4, 10}, model::Version{3, 4, 14}},
    {"quorum.auth.kerberos.servicePrincipal", {3, 5, 4}, std::nullopt},
    {"quorum.auth.learner.saslLoginContext", {3, 4, 10}, model::Version{3, 4, 14}},
    {"quorum.auth.learner.saslLoginContext", {3, 5, 4}, std::nullopt},
    {"quorum.auth.learnerRequireSasl", {3, 4, 10}, model::Version{3, 4, 14}},
    {"quorum.auth.learnerRequireSasl", {3, 5, 4}, std::nullopt},
    {"quorum.auth.server.saslLoginContext", {3, 4, 10}, model::Version{3, 4, 14}},
    {"quorum.auth.server.saslLoginContext", {3, 5, 4}, std::nullopt},
    {"quorum.auth.serverRequireSasl", {3, 4, 10}, model::Version{3, 4, 14}},
    {"quorum.auth.serverRequireSasl", {3, 5, 4}, std::nullopt},
    {"quorum.cnxn.threads.size", {3, 4, 10}, model::Version{3, 4, 14}},
    {"quorum.cnxn.threads.size", {3, 5, 4}, std::nullopt},
    {"quorumCnxnTimeoutMs", {3, 6, 0}, std::nullopt},
    {"quorumListenOnAllIPs", {3, 4, 6}, std::nullopt},
    {"reconfigEnabled", {3, 5, 3}, std::nullopt},
    {"request_stale_connection_check", {3, 6, 0}, std::nullopt},
    {"request_stale_latency_check", {3, 6, 0}, std::nullopt},
    {"request_throttle_drop_stale", {3, 6, 0}, std::nullopt},
    {"request_throttle_max_requests", {3, 6, 0}, std::nullopt},
    {"request_throttle_stall_time", {3, 6, 0}, std::nullopt},
    {"request_throttler.shutdownTimeout", {3, 6, 0}, std::nullopt},
    {"requireKerberosConfig", {3, 4, 0}, std::nullopt},
    {"sasl.serverconfig", {3, 4, 6}, std::nullopt},
    {"secureClientPort", {3, 5, 1}, std::nullopt},
    {"secureClientPortAddress", {3, 5, 1}, std::nullopt},
    {"security.auth_to_local", {3, 4, 0}, std::nullopt},
    {"serializeLastProcessedZxid.enabled", {3, 9, 0}, std::nullopt},
    {"server.", {3, 4, 0}, std::nullopt},
    {"serverCnxnFactory", {3, 4, 0}, std::nullopt},
    {"sessionRequireClientSASLAuth", {3, 5, 9}, std::nullopt},
    {"skipACL", {3, 4, 0}, std::nullopt},
    {"snapCount", {3, 4, 0}, std::nullopt},
    {"snapSizeLimitInKb", {3, 6, 0}, std::nullopt},
    {"snapshot.compression.method", {3, 6, 0}, std::nullopt},
    {"snapshot.trust.empty", {3, 5, 6}, std::nullopt},
    {"snapshotSizeFactor", {3, 5, 0}, std::nullopt},
    {"ssl.", {3, 5, 5}, std::nullopt},
    {"ssl.authProvider", {3, 5, 1}, model::Version{3, 5, 4}},
    {"ssl.crl", {3, 9, 5}, std::nullopt},
    {"ssl.keyStore.location", {3, 5, 1}, model::Version{3, 5, 4}},
    {"ssl.keyStore.password", {3, 5, 1}, model::Version{3, 5, 4}},
    {"ssl.ocsp", {3, 9, 5}, std::nullopt},
    {"ssl.quorum.", {3, 5, 5}, std::nullopt},
    {"ssl.trustStore.location", {3, 5, 1}, model::Version{3, 5, 4}},
    {"ssl.trustStore.password", {3, 5, 1}, model::Version{3, 5, 4}},
    {"sslQuorum", {3, 5, 5}, std::nullopt},
    {"sslQuorumReloadCertFiles", {3, 5, 5}, std::nullopt},
    {"standaloneEnabled", {3, 5, 0}, std::nullopt},
    {"superUser", {3, 4, 0}, std::nullopt},
    {"syncEnabled", {3, 4, 6}, std::nullopt},
    {"syncLimit", {3, 4, 0}, std::nullopt},
    {"tcpKeepAlive", {3, 4, 11}, model::Version{3, 4, 14}},
    {"tcpKeepAlive", {3, 5, 4}, std::nullopt},
    {"throttled_op_wait_time", {3, 7, 0}, std::nullopt},
    {"tickTime", {3, 4, 0}, std::nullopt},
    {"txnLogSizeLimitInKb", {3, 6, 0}, std::nullopt},
    {"watchManagerName", {3, 6, 0}, std::nullopt},
    {"watcherCleanIntervalInSeconds", {3, 6, 0}, std::nullopt},
    {"watcherCleanThreadsNum", {3, 6, 0}, std::nullopt},
    {"watcherCleanThreshold", {3, 6, 0}, std::nullopt},
    {"weight.", {3, 4, 0}, std::nullopt},
});
// clang-format on

bool Covers(const KnownKey& known, std::string_view key) {
  return known.name.ends_with('.') ? key.starts_with(known.name) : key == known.name;
}

bool ReadBy(const KnownKey& known, model::Version version) {
  return version >= known.since && (!known.until || version <= *known.until);
}

std::vector<std::string> NamesFor(model::Version version) {
  std::vector<std::string> names;
  for (const auto& known : kKeys) {
    if (ReadBy(known, version) && !known.name.ends_with('.')) {
      names.emplace_back(known.name);
    }
  }
  return names;
}

}  // namespace

std::span<const KnownKey> KnownKeys() { return kKeys; }

bool IsKnownKey(std::string_view key, model::Version version) {
  return std::any_of(kKeys.begin(), kKeys.end(), [&](const KnownKey& known) {
    return Covers(known, key) && ReadBy(known, version);
  });
}

std::optional<std::string> KeyAdvice(std::string_view key, model::Version version) {
  if (IsKnownKey(key, version)) {
    return std::nullopt;
  }
  std::string advice =
      "unknown key '" + base::Printable(key, 80) + "' for ZooKeeper " + version.ToString();
  for (const auto& known : kKeys) {
    if (Covers(known, key)) {
      const bool later = version < known.since;
      return advice + (later ? ", it is read from " + known.since.ToString() + " on"
                             : ", it is not read after " + known.until->ToString());
    }
  }
  if (const auto nearest = base::NearestName(key, NamesFor(version))) {
    advice += ", did you mean '" + *nearest + "'?";
  }
  return advice;
}

}  // namespace zoowarden::zk
