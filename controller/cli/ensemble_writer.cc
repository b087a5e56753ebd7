#include "controller/cli/ensemble_writer.h"

#include "config/ensemble_file.h"
#include "controller/cli/document.h"
#include "model/discovery.h"
#include "model/secrets.h"
#include "sys/files.h"

#include <filesystem>

namespace zoowarden::controller {

namespace {

constexpr mode_t kOwnersOnly = 0600;  // a template may hold a secret
constexpr mode_t kDirectory = 0700;

std::string Duration(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + "s"
                                  : std::to_string(time.count()) + "ms";
}

Document SettingsDocument(const model::Settings& settings) {
  auto map = Document::Map({});
  for (const auto& [key, value] : model::MaskSecrets(settings)) {
    map.Set(key, value);
  }
  return map;
}

Document ReleaseDocument(const model::ReleaseSpec& release) {
  const bool adopted = release.sha512 == model::kAdoptedRelease;
  auto map = Document::Map({{"version", release.version.ToString()},
                            {"sha512", adopted ? std::string(config::kAdopted) : release.sha512}});
  if (!release.source.empty()) {
    map.Set("source", release.source);
  }
  if (!release.signature.empty()) {
    map.Set("signature", release.signature);
  }
  return map;
}

Document TextList(const std::vector<std::string>& texts) {
  Document list{Document::List()};
  for (const auto& text : texts) {
    list.Add(text);
  }
  return list;
}

Document ConfigurationDocument(const model::ConfigurationSpec& config,
                               const std::string& templates) {
  auto map = Document::Map({});
  if (!config.settings.empty()) {
    map.Set("settings", SettingsDocument(config.settings));
  }
  auto java = Document::Map({});
  if (!config.java.heap.empty()) {
    java.Set("heap", config.java.heap);
  }
  if (!config.java.options.empty()) {
    Document options{Document::List()};
    for (const auto& option : config.java.options) {
      options.Add(model::MaskSecretOption(option));
    }
    java.Set("options", std::move(options));
  }
  map.Set("java", std::move(java));
  Document files{Document::List()};
  for (const auto& file : config.files) {
    files.Add(Document::Map({{"name", file.name}, {"template", templates + "/" + file.name}}));
  }
  map.Set("files", std::move(files));
  return map;
}

Document ServerDocument(const model::ServerSpec& server) {
  auto map = Document::Map({{"id", server.id.value},
                            {"host", server.host},
                            {"agent", server.agent},
                            {"role", RoleName(server.role)},
                            {"client_port", int{server.client_port}},
                            {"quorum_port", int{server.quorum_port}},
                            {"election_port", int{server.election_port}},
                            {"weight", server.weight}});
  if (server.group) {
    map.Set("group", *server.group);
  }
  if (!server.settings.empty()) {
    map.Set("settings", SettingsDocument(server.settings));
  }
  return map;
}

Document HooksDocument(const std::vector<model::Hook>& hooks) {
  Document list{Document::List()};
  for (const auto& hook : hooks) {
    list.Add(Document::Map({{"name", hook.name},
                            {"when", HookPointName(hook.when)},
                            {"command", TextList(hook.command)},
                            {"timeout", Duration(hook.timeout)}}));
  }
  return list;
}

Document PolicyDocument(const RunFile& run) {
  const auto& policy = run.spec.policy;
  auto map = Document::Map({{"soak", Duration(policy.soak)},
                            {"step_timeout", Duration(policy.step_timeout)},
                            {"on_failure", OnFailureName(policy.on_failure)},
                            {"good_rounds", policy.good_rounds}});
  if (const auto& budget = policy.client_impact) {
    map.Set("client_impact",
            Document::Map({{"max_write_gap", Duration(budget->max_write_gap)},
                           {"then", OverBudgetName(budget->then)}}));
  }
  if (run.approval_required) {
    map.Set("approval", "required");
  }
  return map;
}

struct Paths {
  explicit Paths(const std::string& path)
      : file(std::filesystem::absolute(path).lexically_normal().string()),
        templates(file + ".files") {}
  std::string file;
  std::string templates;  // a directory
};

// A link that leads nowhere is there too.
bool IsThere(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

base::Error Exists(const std::string& path) {
  return {base::ErrorCode::kAlreadyExists,
          "config.exists",
          path + " is there already; name another file"};
}

}  // namespace

std::string EnsembleYaml(const RunFile& run, const std::string& templates) {
  const auto& spec = run.spec;
  Document servers{Document::List()};
  for (const auto& server : spec.servers) {
    servers.Add(ServerDocument(server));
  }
  auto map = Document::Map({{"ensemble", spec.name},
                            {"release", ReleaseDocument(spec.release)},
                            {"config", ConfigurationDocument(spec.config, templates)},
                            {"servers", std::move(servers)},
                            {"policy", PolicyDocument(run)}});
  Document checks{Document::List()};
  for (const auto& check : spec.checks) {
    checks.Add(Document::Map({{"name", check.name},
                              {"command", TextList(check.command)},
                              {"timeout", Duration(check.timeout)}}));
  }
  if (!spec.checks.empty()) {
    map.Set("checks", std::move(checks));
  }
  if (!spec.hooks.empty()) {
    map.Set("hooks", HooksDocument(spec.hooks));
  }
  if (!spec.canary_path.empty()) {
    map.Set("canary", Document::Map({{"path", spec.canary_path}}));
  }
  return "# Written from the record of a run. What plugins gave is written out as settings; put\n"
         "# `plugins:` back if they shall give it again. Values that are ******** are secrets, "
         "which\n"
         "# no record has: put each in before the file is used.\n" +
         map.ToYaml();
}

base::Status CheckWritable(const RunFile& run, const std::string& path) {
  const Paths paths(path);
  if (IsThere(paths.file)) {
    return base::Fail(Exists(paths.file));
  }
  std::error_code ignored;
  if (IsThere(paths.templates) &&
      !std::filesystem::is_directory(std::filesystem::symlink_status(paths.templates, ignored))) {
    return base::Fail(Exists(paths.templates));
  }
  for (const auto& file : run.spec.config.files) {
    const auto target = paths.templates + "/" + file.name;
    if (IsThere(target) &&
        sys::ReadFile(target, file.content.size() + 1).value_or("") != file.content) {
      return base::Fail(Exists(target));
    }
  }
  return base::Ok();
}

base::Status WriteEnsemble(const RunFile& run, const std::string& path) {
  ZW_TRY(CheckWritable(run, path));
  const Paths paths(path);
  const auto& files = run.spec.config.files;
  if (!files.empty()) {
    ZW_TRY(sys::EnsureDirectory(paths.templates, kDirectory));
  }
  for (const auto& file : files) {
    ZW_TRY(sys::WriteFileAtomically(paths.templates + "/" + file.name, file.content, kOwnersOnly));
  }
  return sys::WriteFileAtomically(paths.file, EnsembleYaml(run, paths.templates), kOwnersOnly);
}

}  // namespace zoowarden::controller
