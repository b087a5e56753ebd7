#include "agent/observe/running_config.h"

#include "agent/lifecycle/process_view.h"
#include "base/text.h"
#include "zk/membership.h"
#include "zk/start_mode.h"
#include "zk/zoo_cfg.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

constexpr std::size_t kMaxConfiguration = 1024UL * 1024;
constexpr model::Version kWithAdminServer{3, 5, 0};
constexpr model::Version kAdminServerOffByDefault{3, 10, 0};  // ZOOKEEPER-5050
constexpr std::uint16_t kDefaultAdminPort = 8080;

// A setting as the server sees it: zoo.cfg first, else a system property.
class Settings {
 public:
  Settings(const zk::ZooCfg& cfg, const std::vector<std::string>& command_line)
      : cfg_(cfg), command_line_(command_line) {}

  [[nodiscard]] std::string Get(std::string_view key, std::string_view fallback = "") const {
    if (const auto value = cfg_.Get(key)) {
      return *value;
    }
    const std::string option = "-Dzookeeper." + std::string(key) + "=";
    // As in Java, the last one counts.
    const auto found = std::find_if(
        command_line_.rbegin(), command_line_.rend(), [&option](const std::string& argument) {
          return argument.starts_with(option);
        });
    return found == command_line_.rend() ? std::string(fallback) : found->substr(option.size());
  }

 private:
  const zk::ZooCfg& cfg_;
  const std::vector<std::string>& command_line_;
};

std::uint16_t ParsePort(std::string_view text) {
  const auto number = base::ParseUnsigned(text);
  return number && *number <= 0xffff ? static_cast<std::uint16_t>(*number) : std::uint16_t{0};
}

// An address to listen on, as one to connect to.
std::string Reachable(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host;
}

std::optional<zknet::Endpoint> ClientEndpoint(const zk::ZooCfg& cfg,
                                              const zk::Membership& membership,
                                              model::ServerId self) {
  if (const auto port = ParsePort(cfg.Get("clientPort").value_or("")); port != 0) {
    return zknet::Endpoint{.host = Reachable(cfg.Get("clientPortAddress").value_or("")),
                           .port = port};
  }
  const auto own = membership.members.find(self);
  if (own != membership.members.end() && own->second.client) {
    return zknet::Endpoint{.host = Reachable(own->second.client->host),
                           .port = own->second.client->port};
  }
  return std::nullopt;
}

std::optional<zknet::Endpoint> AdminEndpoint(const Settings& settings,
                                             const std::optional<model::Version>& version) {
  if (!version || *version < kWithAdminServer ||
      settings.Get("admin.forceHttps", "false") == "true" ||
      settings.Get("admin.commandURL", "/commands") != "/commands") {
    return std::nullopt;
  }
  const bool by_default = *version < kAdminServerOffByDefault;
  if (settings.Get("admin.enableServer", by_default ? "true" : "false") != "true") {
    return std::nullopt;
  }
  const std::string port = settings.Get("admin.serverPort");
  return zknet::Endpoint{.host = Reachable(settings.Get("admin.serverAddress")),
                         .port = port.empty() ? kDefaultAdminPort : ParsePort(port)};
}

bool AllowsMntr(const Settings& settings, const std::optional<model::Version>& version) {
  const bool all_by_default = version && *version < kWithAdminServer;
  const std::string listed = settings.Get("4lw.commands.whitelist", all_by_default ? "*" : "srvr");
  const auto words = base::Split(listed, ',');
  return std::any_of(words.begin(), words.end(), [](std::string_view word) {
    return base::Trim(word) == "*" || base::Trim(word) == "mntr";
  });
}

model::Member MemberOf(model::ServerId id, const zk::Member& member) {
  model::Member result{
      .id = id, .role = member.role, .weight = static_cast<std::uint32_t>(member.weight)};
  if (!member.addresses.empty()) {
    result.host = member.addresses.front().host;
    result.quorum_port = member.addresses.front().quorum_port;
    result.election_port = member.addresses.front().election_port.value_or(0);
  }
  if (member.group) {
    result.group = static_cast<std::uint32_t>(*member.group);
  }
  return result;
}

}  // namespace

base::Result<RunningConfig> InterpretConfig(const ConfigTexts& texts,
                                            const std::vector<std::string>& command_line,
                                            model::ServerId self) {
  ZW_ASSIGN(const zk::ZooCfg cfg, zk::ZooCfg::Parse(texts.zoo_cfg));
  RunningConfig config;
  config.version = VersionOnClassPath(command_line);
  ZW_ASSIGN(zk::Membership membership, zk::MembershipOf(cfg));
  const bool dynamic = !texts.dynamic.empty() &&
                       zk::ReadsDynamicFile(cfg, config.version.value_or(model::Version{}));
  if (dynamic) {
    ZW_ASSIGN(const zk::ZooCfg parsed, zk::ZooCfg::Parse(texts.dynamic, "dynamicConfigFile"));
    ZW_ASSIGN(membership, zk::MembershipOf(parsed));
  }
  const Settings settings(cfg, command_line);
  config.client = ClientEndpoint(cfg, membership, self);
  config.admin = AdminEndpoint(settings, config.version);
  config.mntr_allowed = AllowsMntr(settings, config.version);
  config.membership =
      ToModel(membership, dynamic ? "dynamic configuration file" : "configuration file");
  for (const model::Member& member : config.membership.members) {
    config.quorum_ports.insert(member.quorum_port);
    if (member.id == self) {
      config.own_quorum_port = member.quorum_port;
    }
  }
  return config;
}

model::Membership ToModel(const zk::Membership& membership, std::string source) {
  model::Membership result{.members = {}, .source = std::move(source)};
  for (const auto& [id, member] : membership.members) {
    result.members.push_back(MemberOf(id, member));
  }
  return result;
}

base::Result<ConfigTexts> ReadConfigTexts(const std::filesystem::path& proc,
                                          const FoundProcess& found) {
  const ProcessView view(proc, found.process.pid);
  ConfigTexts texts;
  ZW_ASSIGN(texts.zoo_cfg, view.Read(found.configuration, kMaxConfiguration));
  const auto cfg = zk::ZooCfg::Parse(texts.zoo_cfg);
  const auto named = cfg ? cfg->Get("dynamicConfigFile") : std::nullopt;
  if (named) {
    ZW_ASSIGN(texts.dynamic, view.Read(*named, kMaxConfiguration));
  }
  return texts;
}

std::optional<model::Version> VersionOnClassPath(const std::vector<std::string>& command_line) {
  constexpr std::string_view kJar = "/zookeeper-";
  for (const std::string& argument : command_line) {
    for (std::size_t at = argument.find(kJar); at != std::string::npos;
         at = argument.find(kJar, at + 1)) {
      const std::string_view rest = std::string_view(argument).substr(at + kJar.size());
      const std::string_view name = rest.substr(0, rest.find(".jar"));
      if (const auto version = model::ParseVersion(name)) {
        return version;
      }
    }
  }
  return std::nullopt;
}

}  // namespace zoowarden::agent
