#include "config/ensemble_members.h"

#include "base/text.h"
#include "model/secrets.h"
#include "model/setting_rules.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace zoowarden::config {
namespace {

constexpr NumberRange kPort{1, 65535};

// What has been used already and where: ids, agents, host:port.
class UsedNames {
 public:
  base::Status Add(const YamlValue& at, std::string_view what, const std::string& name) {
    const auto [found, added] = used_.emplace(std::string(what) + " " + name, at.Where());
    if (added) {
      return base::Ok();
    }
    return base::Fail(
        at.Refuse("duplicate", ": " + found->first + " is already used at " + found->second));
  }

 private:
  std::map<std::string, std::string> used_;
};

base::Result<std::string> ReadHost(const YamlMap& map) {
  ZW_ASSIGN(const auto value, map.Need("host"));
  ZW_ASSIGN(auto host, value.Text());
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']' &&
                         host.find_first_not_of("[]0123456789abcdefABCDEF:.") == std::string::npos;
  if (!bracketed && host.find_first_not_of(kAllowed) != std::string::npos) {
    return base::Fail(value.Refuse("bad_value",
                                   "must be a host name or an address (IPv6 in brackets), not '" +
                                       base::Printable(host, 60) + "'"));
  }
  if (host == "0.0.0.0" || host == "[::]") {
    return base::Fail(value.Refuse(
        "bad_value", "must be an address that the other members can reach, not '" + host + "'"));
  }
  return host;
}

base::Status ReadPorts(const YamlMap& map, model::ServerSpec& server, UsedNames& used) {
  ZW_TRY(map.ReadNumber("client_port", kPort, server.client_port));
  ZW_TRY(map.ReadNumber("quorum_port", kPort, server.quorum_port));
  ZW_TRY(map.ReadNumber("election_port", kPort, server.election_port));
  const std::pair<std::string_view, std::uint16_t> ports[] = {
      {"client_port", server.client_port},
      {"quorum_port", server.quorum_port},
      {"election_port", server.election_port},
  };
  for (const auto& [key, port] : ports) {
    ZW_TRY(used.Add(
        map.Find(key).value_or(map.value()), "address", server.host + ":" + std::to_string(port)));
  }
  return base::Ok();
}

base::Status ReadRole(const YamlMap& map, model::ServerSpec& server) {
  const auto value = map.Find("role");
  if (!value) {
    return base::Ok();
  }
  ZW_ASSIGN(const auto name, value->Text());
  const auto role = model::ParseRole(name);
  if (!role) {
    return base::Fail(value->Refuse(
        "bad_value", "must be participant or observer, not '" + base::Printable(name, 60) + "'"));
  }
  server.role = *role;
  return base::Ok();
}

base::Result<model::ServerSpec> ReadServer(const YamlValue& value,
                                           LoadedEnsemble& loaded,
                                           UsedNames& used) {
  ZW_ASSIGN(const auto map,
            value.Map({"id",
                       "host",
                       "agent",
                       "role",
                       "client_port",
                       "quorum_port",
                       "election_port",
                       "weight",
                       "group",
                       "settings"}));
  model::ServerSpec server;
  ZW_ASSIGN(const auto id, map.Need("id"));
  // zookeeperAdmin.md: an id is a number between 1 and 255.
  ZW_ASSIGN(const auto id_number, id.Number({1, 255}));
  server.id.value = static_cast<std::uint32_t>(id_number);
  ZW_TRY(used.Add(id, "server id", std::to_string(id_number)));
  ZW_ASSIGN(server.host, ReadHost(map));
  ZW_ASSIGN(const auto agent, map.Need("agent"));
  ZW_ASSIGN(server.agent, agent.Endpoint());
  ZW_TRY(used.Add(agent, "agent", server.agent));
  ZW_TRY(ReadRole(map, server));
  ZW_TRY(ReadPorts(map, server, used));
  ZW_TRY(map.ReadNumber("weight", {0, 1'000'000}, server.weight));
  if (const auto group = map.Find("group")) {
    ZW_ASSIGN(const auto number, group->Number({1, 255}));
    server.group = static_cast<std::uint32_t>(number);
  }
  if (const auto settings = map.Find("settings")) {
    ZW_TRY(ReadSettings(
        *settings, server.settings, loaded.server_origins[server.id], loaded.warnings));
  }
  return server;
}

bool IsVoter(const model::ServerSpec& server) { return server.role == model::Role::kParticipant; }

// Weights and groups make a hierarchical quorum, which counts groups; ZooKeeper wants each voter in
// one (QuorumHierarchical.java), and it ignores nothing else as quietly as a weight without groups.
base::Status CheckGroups(const YamlValue& servers, const std::vector<model::ServerSpec>& all) {
  const bool grouped = std::any_of(
      all.begin(), all.end(), [](const auto& server) { return server.group.has_value(); });
  for (const auto& server : all) {
    if (!IsVoter(server)) {
      continue;
    }
    if (grouped && !server.group) {
      return base::Fail(servers.Refuse("bad_value",
                                       "put some voters into groups, but server " +
                                           model::ToString(server.id) +
                                           " into none: give every participant a group, or none"));
    }
    if (!grouped && server.weight != 1) {
      return base::Fail(servers.Refuse(
          "bad_value",
          "give server " + model::ToString(server.id) +
              " a weight, which counts only with groups: give every participant a group"));
    }
  }
  return base::Ok();
}

void WarnOfEvenVoters(const YamlValue& servers, LoadedEnsemble& loaded) {
  const auto& all = loaded.spec.servers;
  const auto voters = std::count_if(all.begin(), all.end(), IsVoter);
  const bool grouped = std::any_of(
      all.begin(), all.end(), [](const auto& server) { return server.group.has_value(); });
  if (grouped || voters % 2 != 0) {
    return;
  }
  const auto quorum = voters / 2 + 1;
  loaded.warnings.push_back(servers.Where() + ": an even number of voters: with " +
                            std::to_string(voters) + " a quorum is " + std::to_string(quorum) +
                            ", so no more than " + std::to_string(voters - quorum) +
                            " may fail, as with " + std::to_string(voters - 1) +
                            "; make one an observer or add a voter");
}

}  // namespace

base::Status ReadSettings(const YamlValue& value,
                          model::Settings& settings,
                          SettingOrigins& origins,
                          std::vector<std::string>& warnings) {
  ZW_ASSIGN(const auto map, value.OpenMap());
  for (const auto& [key, entry] : map.Entries()) {
    ZW_ASSIGN(const auto text, entry.Scalar());
    if (text == model::kMaskedValue) {
      return base::Fail(entry.Refuse(
          "masked", "is the mask that stands for a secret, not the secret: put that in"));
    }
    if (const auto problem = model::SettingProblem(key, text)) {
      return base::Fail(map.RefuseKey(key, "bad_setting", *problem));
    }
    if (const auto problem = model::SettingValueProblem(key, text)) {
      return base::Fail(entry.Refuse("bad_setting", *problem));
    }
    if (const auto meant = model::ProbablyMeantSetting(key)) {
      warnings.push_back(
          entry.Where() + ": setting '" + key +
          "' is not one that ZooKeeper documents and would be ignored, did you mean '" + *meant +
          "'");
    }
    settings[key] = text;
    origins[key] = entry.Where();
  }
  return base::Ok();
}

base::Status ReadServers(const YamlValue& servers, LoadedEnsemble& loaded) {
  ZW_ASSIGN(const auto values, servers.List());
  UsedNames used;
  for (const auto& value : values) {
    ZW_ASSIGN(auto server, ReadServer(value, loaded, used));
    loaded.spec.servers.push_back(std::move(server));
  }
  auto& all = loaded.spec.servers;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  if (std::none_of(all.begin(), all.end(), IsVoter)) {
    return base::Fail(servers.Refuse("bad_value", "must name at least one participant"));
  }
  ZW_TRY(CheckGroups(servers, all));
  WarnOfEvenVoters(servers, loaded);
  return base::Ok();
}

}  // namespace zoowarden::config
