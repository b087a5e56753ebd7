#include "model/setting_rules.h"

#include "base/text.h"
#include "model/discovery.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace zoowarden::model {
namespace {

struct OwnedSetting {
  std::string_view name;
  std::string_view comes_from;
};

constexpr std::array<OwnedSetting, 4> kOwnedKeys = {{
    {"clientPort", "client_port of the server under 'servers'"},
    {"dataDir", "instance.data_directory of the server's agent.yaml"},
    {"dataLogDir", "instance.data_log_directory of the server's agent.yaml"},
    {"dynamicConfigFile", "the members under 'servers'"},
}};
constexpr std::array<OwnedSetting, 3> kOwnedPrefixes = {{
    {"server.", "host, quorum_port, election_port and role under 'servers'"},
    {"group.", "group of each server under 'servers'"},
    {"weight.", "weight of each server under 'servers'"},
}};

// zookeeperAdmin.md of 3.9.5, the keys that zoo.cfg takes without the "zookeeper." prefix.
const std::vector<std::string>& DocumentedSettings() {
  static const std::vector<std::string> kNames = {
      "4lw.commands.whitelist",
      "admin.commandURL",
      "admin.enableServer",
      "admin.serverAddress",
      "admin.serverPort",
      "autopurge.purgeInterval",
      "autopurge.snapRetainCount",
      "clientPortAddress",
      "cnxTimeout",
      "connectToLearnerMasterLimit",
      "electionAlg",
      "electionPortBindRetry",
      "globalOutstandingLimit",
      "initLimit",
      "jute.maxbuffer",
      "leaderServes",
      "localSessionsEnabled",
      "localSessionsUpgradingEnabled",
      "maxClientCnxns",
      "maxSessionTimeout",
      "metricsProvider.className",
      "metricsProvider.exportJvmInfo",
      "metricsProvider.httpHost",
      "metricsProvider.httpPort",
      "minSessionTimeout",
      "peerType",
      "portUnification",
      "preAllocSize",
      "quorumListenOnAllIPs",
      "reconfigEnabled",
      "secureClientPort",
      "secureClientPortAddress",
      "serverCnxnFactory",
      "skipACL",
      "snapCount",
      "snapshot.trust.empty",
      "sslQuorum",
      "standaloneEnabled",
      "syncEnabled",
      "syncLimit",
      "tickTime",
  };
  return kNames;
}

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::string Owned(std::string_view key, std::string_view comes_from) {
  return "setting '" + std::string(key) + "' is written by zoowarden: it comes from " +
         std::string(comes_from);
}

}  // namespace

std::optional<std::string> SettingProblem(std::string_view key, std::string_view value) {
  if (key.empty() || key.size() > 200 || !std::all_of(key.begin(), key.end(), IsKeyCharacter)) {
    return "setting '" + base::Printable(key, 60) +
           "' is no property name: use letters, digits, '.', '_' and '-'";
  }
  for (const auto& owned : kOwnedKeys) {
    if (key == owned.name) {
      return Owned(key, owned.comes_from);
    }
  }
  for (const auto& owned : kOwnedPrefixes) {
    if (key.starts_with(owned.name)) {
      return Owned(key, owned.comes_from);
    }
  }
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  };
  if (std::any_of(value.begin(), value.end(), is_control)) {
    return "the value of setting '" + std::string(key) +
           "' has a line break or another control character";
  }
  if (base::Trim(value) != value) {
    return "the value of setting '" + std::string(key) + "' begins or ends with a space";
  }
  return std::nullopt;
}

std::optional<std::string> SettingValueProblem(std::string_view key, std::string_view value) {
  if (value == kKeptOnServer ||
      std::find(kNumberSettings.begin(), kNumberSettings.end(), key) == kNumberSettings.end()) {
    return std::nullopt;
  }
  const bool negative = value.starts_with('-');
  const auto digits = negative || value.starts_with('+') ? value.substr(1) : value;
  const auto number = base::ParseUnsigned(digits);
  if (!number || *number > INT32_MAX) {
    return "must be a whole number of at most 32 bits, not '" + base::Printable(value, 60) + "'";
  }
  // Nothing is waited for in no time; ZooKeeper says of 0 that it is not set.
  const bool counts = key == "tickTime" || key == "initLimit" || key == "syncLimit";
  if (counts && (negative || *number == 0)) {
    return "must be at least 1, not '" + base::Printable(value, 60) + "'";
  }
  return std::nullopt;
}

std::optional<std::string> ProbablyMeantSetting(std::string_view key) {
  const auto& names = DocumentedSettings();
  if (std::find(names.begin(), names.end(), key) != names.end()) {
    return std::nullopt;
  }
  return base::NearestName(key, names);
}

}  // namespace zoowarden::model
