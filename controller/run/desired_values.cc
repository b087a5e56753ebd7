#include "controller/run/desired_values.h"

#include "base/text.h"
#include "model/secrets.h"
#include "sys/digest.h"

namespace zoowarden::controller {
namespace {

std::string Milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

// The canonical form of docs/formats.md: no text can imitate two.
void Add(std::string& form, std::string_view text) {
  form += std::to_string(text.size());
  form += ':';
  form += text;
  form += '\n';
}

std::string DigestOf(const std::vector<std::string>& words) {
  std::string form;
  for (const auto& word : words) {
    Add(form, word);
  }
  return "sha256 " + sys::Digest(sys::Hash::kSha256, form);
}

void AddSettings(const std::string& prefix,
                 const model::Settings& settings,
                 core::DesiredValues& values) {
  for (const auto& [key, value] : model::MaskSecrets(settings)) {
    values[prefix + key] = value;
  }
}

void AddServer(const model::ServerSpec& server, core::DesiredValues& values) {
  const auto prefix = "servers." + ToString(server.id) + ".";
  values[prefix + "host"] = server.host;
  values[prefix + "agent"] = server.agent;
  values[prefix + "role"] = RoleName(server.role);
  values[prefix + "client_port"] = std::to_string(server.client_port);
  values[prefix + "quorum_port"] = std::to_string(server.quorum_port);
  values[prefix + "election_port"] = std::to_string(server.election_port);
  values[prefix + "weight"] = std::to_string(server.weight);
  if (server.group) {
    values[prefix + "group"] = std::to_string(*server.group);
  }
  AddSettings(prefix + "settings.", server.settings, values);
}

void AddConfiguration(const model::ConfigurationSpec& config, core::DesiredValues& values) {
  AddSettings("config.settings.", config.settings, values);
  if (!config.java.heap.empty()) {
    values["config.java.heap"] = config.java.heap;
  }
  std::vector<std::string> options;
  for (const auto& option : config.java.options) {
    options.push_back(model::MaskSecretOption(option));
  }
  if (!options.empty()) {
    values["config.java.options"] = base::Join(options, " ");
  }
  for (const auto& file : config.files) {
    values["config.files." + file.name] = DigestOf({file.content});
  }
}

}  // namespace

core::DesiredValues DesiredValues(const model::EnsembleSpec& spec) {
  core::DesiredValues values;
  values["release.version"] = spec.release.version.ToString();
  values["release.sha512"] = spec.release.sha512;
  AddConfiguration(spec.config, values);
  for (const auto& server : spec.servers) {
    AddServer(server, values);
  }
  values["policy.soak"] = Milliseconds(spec.policy.soak);
  values["policy.step_timeout"] = Milliseconds(spec.policy.step_timeout);
  values["policy.on_failure"] = OnFailureName(spec.policy.on_failure);
  values["policy.good_rounds"] = std::to_string(spec.policy.good_rounds);
  if (const auto& budget = spec.policy.client_impact) {
    values["policy.client_impact"] =
        Milliseconds(budget->max_write_gap) + ", " + std::string(OverBudgetName(budget->then));
  }
  for (const auto& check : spec.checks) {
    values["checks." + check.name] = DigestOf(check.command) + ", " + Milliseconds(check.timeout);
  }
  for (const auto& hook : spec.hooks) {
    values["hooks." + hook.name] = std::string(HookPointName(hook.when)) + ", " +
                                   DigestOf(hook.command) + ", " + Milliseconds(hook.timeout);
  }
  if (!spec.canary_path.empty()) {
    values["canary.path"] = spec.canary_path;
  }
  return values;
}

core::DesiredValues WithApproval(core::DesiredValues values, bool required) {
  if (required) {
    values["policy.approval"] = "required";
  }
  return values;
}

std::string DesiredDigest(const model::EnsembleSpec& spec,
                          const std::map<model::ServerId, model::Generation>& wanted) {
  std::string form;
  Add(form, "zoowarden desired state 1");
  Add(form, spec.name);
  const auto values = DesiredValues(spec);
  Add(form, std::to_string(values.size()));
  for (const auto& [key, value] : values) {
    Add(form, key);
    Add(form, value);
  }
  for (const auto& [server, generation] : wanted) {
    Add(form, ToString(server));
    Add(form, generation.digest);
  }
  return sys::Digest(sys::Hash::kSha256, form);
}

}  // namespace zoowarden::controller
