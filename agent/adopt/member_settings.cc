#include "agent/adopt/member_settings.h"

#include "agent/observe/running_config.h"
#include "base/text.h"
#include "model/secrets.h"
#include "model/setting_rules.h"
#include "zk/membership.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace zoowarden::agent {
namespace {

constexpr std::string_view kAnyAddress = "0.0.0.0";
// Written by Zoowarden from `servers:` and agent.yaml.
constexpr std::array<std::string_view, 5> kOwnedKeys = {
    "clientPort", "dataDir", "dataLogDir", "dynamicConfigFile", "peerType"};
constexpr std::array<std::string_view, 3> kOwnedPrefixes = {"server.", "group.", "weight."};

bool IsOwned(std::string_view key) {
  return std::find(kOwnedKeys.begin(), kOwnedKeys.end(), key) != kOwnedKeys.end() ||
         std::any_of(kOwnedPrefixes.begin(), kOwnedPrefixes.end(), [key](std::string_view prefix) {
           return key.starts_with(prefix);
         });
}

void AddObstacle(MemberSettings& found, std::string reason, std::string text) {
  found.obstacles.push_back({.reason = std::move(reason), .text = std::move(text)});
}

void TakeSettings(const zk::ZooCfg& cfg, MemberSettings& found) {
  std::map<std::string, int> first_line;
  for (const auto& property : cfg.properties()) {
    const std::string key(zk::JavaTrim(property.key));
    if (IsOwned(key)) {
      continue;
    }
    const auto [line, is_new] = first_line.emplace(key, property.line);
    if (!is_new) {
      found.notes.push_back(cfg.name() + ": '" + key + "' is there twice, in lines " +
                            std::to_string(line->second) + " and " + std::to_string(property.line) +
                            "; the last one counts");
    }
    const std::string value(zk::JavaTrim(property.value));
    if (const auto problem = model::SettingProblem(key, value)) {
      AddObstacle(found,
                  "adopt.setting",
                  cfg.name() + ":" + std::to_string(property.line) + ": " + *problem +
                      "; change that line, it can wait for the server's next restart");
      continue;
    }
    found.settings[key] = model::IsSecretKey(key) ? std::string(model::kKeptOnServer) : value;
    if (const auto meant = model::ProbablyMeantSetting(key); meant && is_new) {
      found.notes.push_back(cfg.name() + ":" + std::to_string(property.line) + ": setting '" + key +
                            "' is not one that ZooKeeper documents, did somebody mean '" + *meant +
                            "'; it is kept as it is");
    }
  }
}

// In a dynamic file everything but members is nothing that ZooKeeper reads.
void NameForeignKeys(const zk::ZooCfg& dynamic, MemberSettings& found) {
  for (const auto& property : dynamic.properties()) {
    const std::string key(zk::JavaTrim(property.key));
    if (!IsOwned(key) && key != "version") {
      found.notes.push_back(dynamic.name() + ":" + std::to_string(property.line) + ": '" +
                            base::Printable(key, 60) + "' is no line of a dynamic file; not taken");
    }
  }
}

bool IsTlsKey(std::string_view key) {
  constexpr std::array<std::string_view, 5> kKeys = {"client.portUnification",
                                                     "portUnification",
                                                     "secureClientPort",
                                                     "secureClientPortAddress",
                                                     "sslQuorum"};
  return key.starts_with("ssl.") || std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// TLS goes over as settings; the files that they name stay where they lie, so each must be found
// from wherever the server is started.
void NameTls(const zk::ZooCfg& cfg, MemberSettings& found) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : found.settings) {
    if (!IsTlsKey(key)) {
      continue;
    }
    keys.push_back(key);
    if (key.ends_with(".location") && !value.empty() && !value.starts_with('/')) {
      AddObstacle(found,
                  "adopt.tls",
                  cfg.name() + ": " + key + " names '" + base::Printable(value, 200) +
                      "', which is found from the directory of the server's start only; write its "
                      "whole path, it can wait for the server's next restart");
    }
  }
  if (!keys.empty()) {
    found.notes.push_back(cfg.name() + ": TLS is kept as it is (" + base::Join(keys, ", ") +
                          "); the files that it names are used where they lie, keep them there");
  }
}

void RefuseNoClientPort(const zk::ZooCfg& cfg, MemberSettings& found) {
  const auto secure = cfg.Get("secureClientPort");
  if (secure && !secure->empty()) {
    AddObstacle(found,
                "adopt.tls",
                cfg.name() + " serves clients by TLS only (secureClientPort=" +
                    base::Printable(*secure, 20) +
                    "), and Zoowarden's probes and its canary speak plain; add clientPort (with "
                    "clientPortAddress=127.0.0.1 only this machine reaches it) and restart");
    return;
  }
  AddObstacle(found,
              "adopt.no_client_port",
              cfg.name() +
                  " names no plain client port, which Zoowarden's probes need; add one (it may "
                  "listen on the server's own address only)");
}

void TakeClientPort(const zk::ZooCfg& cfg, const zk::Member* self, MemberSettings& found) {
  const auto number = base::ParseUnsigned(cfg.Get("clientPort").value_or(""));
  std::uint64_t port = number.value_or(0);
  if (port == 0 && self != nullptr && self->client) {
    port = self->client->port;
    const std::string& host = self->client->host;
    if (!host.empty() && host != kAnyAddress && !found.settings.contains("clientPortAddress")) {
      found.settings["clientPortAddress"] = host;
    }
  }
  if (port == 0 || port > UINT16_MAX) {
    RefuseNoClientPort(cfg, found);
    return;
  }
  found.client_port = static_cast<std::uint16_t>(port);
}

void CheckMember(model::ServerId id, const zk::Member& member, MemberSettings& found) {
  const std::string name = "server." + model::ToString(id);
  if (member.addresses.size() > 1) {
    AddObstacle(found,
                "adopt.multi_address",
                name + " has several addresses, which ensemble.yaml cannot say; give it one");
  }
  if (!member.addresses.empty() && !member.addresses.front().election_port) {
    AddObstacle(found, "adopt.no_election_port", name + " names no election port; add it");
  }
}

void TakeMembers(const zk::ZooCfg& cfg,
                 const zk::ZooCfg* dynamic,
                 model::ServerId self,
                 MemberSettings& found) {
  const std::size_t before = found.obstacles.size();
  const auto parsed = zk::MembershipOf(dynamic != nullptr ? *dynamic : cfg);
  if (!parsed) {
    AddObstacle(found, "adopt.members", parsed.error().message() + "; correct the server lines");
    return;
  }
  for (const auto& [id, member] : parsed->members) {
    CheckMember(id, member, found);
  }
  const bool complete = found.obstacles.size() == before;
  const auto own = parsed->members.find(self);
  if (parsed->members.size() < 2) {
    AddObstacle(found,
                "adopt.standalone",
                cfg.name() +
                    " names no ensemble of two or more members; a standalone server is not taken "
                    "over");
  } else if (own == parsed->members.end()) {
    AddObstacle(found,
                "adopt.not_a_member",
                cfg.name() + " does not name server " + model::ToString(self) +
                    ", which agent.yaml says this is; correct `server:` in agent.yaml");
  }
  TakeClientPort(cfg, own == parsed->members.end() ? nullptr : &own->second, found);
  if (complete) {
    found.members = ToModel(*parsed, "").members;
  }
}

}  // namespace

MemberSettings ReadMemberSettings(const zk::ZooCfg& cfg,
                                  const zk::ZooCfg* dynamic,
                                  model::ServerId self) {
  MemberSettings found;
  TakeSettings(cfg, found);
  NameTls(cfg, found);
  if (dynamic != nullptr) {
    NameForeignKeys(*dynamic, found);
  }
  TakeMembers(cfg, dynamic, self, found);
  found.data_directory = cfg.Get("dataDir").value_or("");
  found.data_log_directory = cfg.Get("dataLogDir").value_or(found.data_directory);
  return found;
}

}  // namespace zoowarden::agent
