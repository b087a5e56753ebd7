#include "controller/run/run_spec_file.h"

#include "config/ensemble_file.h"
#include "controller/run/run_hooks_file.h"
#include "model/secrets.h"

namespace zoowarden::controller {
namespace {

using nlohmann::json;

json ToJson(const model::ServerSpec& server) {
  json value = {{"id", server.id.value},
                {"host", server.host},
                {"agent", server.agent},
                {"role", model::RoleName(server.role)},
                {"client_port", server.client_port},
                {"quorum_port", server.quorum_port},
                {"election_port", server.election_port},
                {"weight", server.weight},
                {"settings", server.settings}};
  if (server.group) {
    value["group"] = *server.group;
  }
  return value;
}

model::ServerSpec ServerFrom(const json& value) {
  model::ServerSpec server;
  server.id = {value.at("id").get<std::uint32_t>()};
  server.host = value.at("host");
  server.agent = value.at("agent");
  server.role = Must(model::ParseRole(value.at("role").get<std::string>()), "role");
  server.client_port = value.at("client_port");
  server.quorum_port = value.at("quorum_port");
  server.election_port = value.at("election_port");
  server.weight = value.at("weight");
  server.settings = value.at("settings").get<model::Settings>();
  if (value.contains("group")) {
    server.group = value.at("group").get<std::uint32_t>();
  }
  return server;
}

json ToJson(const model::Policy& policy) {
  json value = {{"soak_ms", policy.soak.count()},
                {"step_timeout_ms", policy.step_timeout.count()},
                {"on_failure", model::OnFailureName(policy.on_failure)},
                {"good_rounds", policy.good_rounds}};
  if (const auto& budget = policy.client_impact) {
    value["client_impact"] = {{"max_write_gap_ms", budget->max_write_gap.count()},
                              {"then", model::OverBudgetName(budget->then)}};
  }
  return value;
}

model::Policy PolicyFrom(const json& value) {
  model::Policy policy;
  policy.soak = std::chrono::milliseconds(value.at("soak_ms").get<std::int64_t>());
  policy.step_timeout = std::chrono::milliseconds(value.at("step_timeout_ms").get<std::int64_t>());
  policy.on_failure =
      Must(model::ParseOnFailure(value.at("on_failure").get<std::string>()), "on_failure");
  policy.good_rounds = value.at("good_rounds");
  if (value.contains("client_impact")) {
    const auto& budget = value.at("client_impact");
    policy.client_impact = {
        .max_write_gap =
            std::chrono::milliseconds(budget.at("max_write_gap_ms").get<std::int64_t>()),
        .then = Must(model::ParseOverBudget(budget.at("then").get<std::string>()), "then")};
  }
  return policy;
}

}  // namespace

json SpecToJson(const model::EnsembleSpec& spec) {
  json servers = json::array();
  for (auto server : spec.servers) {
    server.settings = model::MaskSecrets(std::move(server.settings));
    servers.push_back(ToJson(server));
  }
  json options = json::array();
  for (const auto& option : spec.config.java.options) {
    options.push_back(model::MaskSecretOption(option));
  }
  json files = json::array();
  for (const auto& file : spec.config.files) {
    files.push_back({{"name", file.name}, {"content", file.content}});
  }
  json checks = json::array();
  for (const auto& check : spec.checks) {
    checks.push_back(
        {{"name", check.name}, {"command", check.command}, {"timeout_ms", check.timeout.count()}});
  }
  json value = {{"name", spec.name},
                {"release",
                 {{"version", spec.release.version.ToString()},
                  {"source", spec.release.source},
                  {"sha512", spec.release.sha512},
                  {"signature", spec.release.signature}}},
                {"settings", model::MaskSecrets(spec.config.settings)},
                {"java", {{"heap", spec.config.java.heap}, {"options", options}}},
                {"files", files},
                {"servers", servers},
                {"policy", ToJson(spec.policy)},
                {"checks", checks},
                {"canary_path", spec.canary_path}};
  if (!spec.hooks.empty()) {
    value["hooks"] = HooksToJson(spec.hooks);
  }
  return value;
}

model::EnsembleSpec SpecFromJson(const json& value) {
  model::EnsembleSpec spec;
  spec.name = value.at("name");
  const auto& release = value.at("release");
  spec.release = {
      .version = Must(model::ParseVersion(release.at("version").get<std::string>()), "version"),
      .source = release.at("source"),
      .sha512 = release.at("sha512"),
      .signature = release.at("signature")};
  spec.config.settings = value.at("settings").get<model::Settings>();
  spec.config.java.heap = value.at("java").at("heap");
  spec.config.java.options = value.at("java").at("options").get<std::vector<std::string>>();
  for (const auto& file : value.at("files")) {
    spec.config.files.push_back({.name = file.at("name"), .content = file.at("content")});
    // It becomes a path on whatever machine reads the record.
    if (!config::IsPlainFileName(spec.config.files.back().name)) {
      throw std::invalid_argument("the name of a template is no plain file name");
    }
  }
  for (const auto& server : value.at("servers")) {
    spec.servers.push_back(ServerFrom(server));
  }
  spec.policy = PolicyFrom(value.at("policy"));
  for (const auto& check : value.at("checks")) {
    spec.checks.push_back(
        {.name = check.at("name"),
         .command = check.at("command").get<std::vector<std::string>>(),
         .timeout = std::chrono::milliseconds(check.at("timeout_ms").get<std::int64_t>())});
  }
  spec.hooks = HooksFromJson(value.value("hooks", json::array()));
  spec.canary_path = value.at("canary_path");
  return spec;
}

}  // namespace zoowarden::controller
