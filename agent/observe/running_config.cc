#include "agent/observe/running_config.h"

#include "base/text.h"
#include "sys/files.h"
#include "zk/membership.h"
#include "zk/zoo_cfg.h"

#include <filesystem>

namespace zoowarden::agent {
namespace {

constexpr std::size_t kMaxConfigBytes = 1024 * 1024;
// DEFAULT_PORT of JettyAdminServer.java.
constexpr std::uint16_t kDefaultAdminPort = 8080;

base::Result<zk::ZooCfg> Load(const std::string& path) {
  ZW_ASSIGN(const auto text, sys::ReadFile(path, kMaxConfigBytes));
  return zk::ZooCfg::Parse(text, path);
}

std::uint16_t PortOf(const zk::ZooCfg& cfg, std::string_view key, std::uint16_t fallback) {
  const auto number = cfg.GetNumber(key);
  if (!number || !*number || **number <= 0 || **number > 65535) {
    return fallback;
  }
  return static_cast<std::uint16_t>(**number);
}

bool Allows(const zk::ZooCfg& cfg, std::string_view word) {
  const auto whitelist = cfg.Get("4lw.commands.whitelist").value_or("");
  for (const auto part : base::Split(whitelist, ',')) {
    const auto name = base::Trim(part);
    if (name == "*" || name == word) {
      return true;
    }
  }
  return false;
}

model::Member ToModel(model::ServerId id, const zk::Member& member) {
  model::Member out{.id = id, .role = member.role};
  if (!member.addresses.empty()) {
    out.host = member.addresses.front().host;
    out.quorum_port = member.addresses.front().quorum_port;
    out.election_port = member.addresses.front().election_port.value_or(0);
  }
  out.weight = static_cast<std::uint32_t>(member.weight);
  if (member.group) {
    out.group = static_cast<std::uint32_t>(*member.group);
  }
  return out;
}

void AddMembership(const zk::Membership& membership, model::ServerId self, RunningConfig& config) {
  for (const auto& [id, member] : membership.members) {
    config.membership.members.push_back(ToModel(id, member));
    for (const auto& address : member.addresses) {
      config.quorum_ports.insert(address.quorum_port);
    }
    if (id != self) {
      continue;
    }
    config.own_quorum_port = config.membership.members.back().quorum_port;
    if (!config.client && member.client) {
      config.client = Reachable(member.client->host, member.client->port);
    }
  }
}

}  // namespace

zknet::Endpoint Reachable(std::string host, std::uint16_t port) {
  if (host.empty() || host == "0.0.0.0") {
    host = "127.0.0.1";
  } else if (host == "::" || host == "0:0:0:0:0:0:0:0") {
    host = "::1";
  }
  return {.host = std::move(host), .port = port};
}

base::Result<RunningConfig> ReadRunningConfig(const std::string& configuration_file,
                                              model::ServerId self) {
  ZW_ASSIGN(const auto cfg, Load(configuration_file));
  RunningConfig config;
  if (const auto port = PortOf(cfg, "clientPort", 0); port != 0) {
    config.client = Reachable(cfg.Get("clientPortAddress").value_or(""), port);
  }
  config.mntr_allowed = Allows(cfg, "mntr");
  if (cfg.Get("admin.enableServer").value_or("true") != "false") {
    config.admin = Reachable(cfg.Get("admin.serverAddress").value_or(""),
                             PortOf(cfg, "admin.serverPort", kDefaultAdminPort));
  }
  config.membership.source = "configuration file";
  auto members = zk::MembershipOf(cfg);
  if (const auto dynamic = cfg.Get("dynamicConfigFile"); dynamic && !dynamic->empty()) {
    config.dynamic_file = *dynamic;
    ZW_ASSIGN(const auto dynamic_cfg, Load(*dynamic));
    members = zk::MembershipOf(dynamic_cfg);
    config.membership.source = "dynamic configuration file";
  }
  if (!members) {
    return base::Fail(members.error());
  }
  AddMembership(*members, self, config);
  return config;
}

}  // namespace zoowarden::agent
