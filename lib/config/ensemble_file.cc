#include "config/ensemble_file.h"

#include "base/text.h"
#include "config/command_fields.h"
#include "config/ensemble_members.h"
#include "config/yaml_reader.h"
#include "model/discovery.h"
#include "model/java_options.h"
#include "sys/files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

namespace zoowarden::config {
namespace {

using std::chrono::milliseconds;

// What the readers of the parts share.
struct Context {
  std::string directory;
  const FileReader& read;
};

// What ran before adoption has no archive.
base::Status ReadAdopted(const YamlMap& map, model::ReleaseSpec& release) {
  release.sha512 = model::kAdoptedRelease;
  for (const char* key : {"source", "signature"}) {
    const auto value = map.Find(key);
    ZW_ASSIGN(const auto text, value ? value->Scalar() : base::Result<std::string>(""));
    if (!text.empty()) {
      return base::Fail(value->Refuse(
          "bad_value",
          "must be empty where sha512 is adopted: there is no archive of that release"));
    }
  }
  return base::Ok();
}

// Absolute; left empty by no value and by "".
base::Status ReadFileName(const YamlMap& map,
                          std::string_view key,
                          const Context& context,
                          std::string& path) {
  const auto value = map.Find(key);
  ZW_ASSIGN(const auto text, value ? value->Scalar() : base::Result<std::string>(""));
  path = text.empty() ? "" : AbsolutePath(context.directory, text);
  return base::Ok();
}

base::Status ReadRelease(const YamlValue& value,
                         const Context& context,
                         model::ReleaseSpec& release) {
  ZW_ASSIGN(const auto map, value.Map({"version", "source", "sha512", "signature"}));
  ZW_ASSIGN(const auto version, map.Need("version"));
  ZW_ASSIGN(const auto version_text, version.Text());
  const auto parsed = model::ParseVersion(version_text);
  if (!parsed || parsed->ToString() != version_text) {
    return base::Fail(version.Refuse(
        "bad_value",
        "must be a release such as 3.9.4, not '" + base::Printable(version_text, 60) + "'"));
  }
  release.version = *parsed;
  ZW_ASSIGN(const auto sha512, map.Need("sha512"));
  ZW_ASSIGN(release.sha512, sha512.Text());
  if (release.sha512 == kAdopted) {
    return ReadAdopted(map, release);
  }
  ZW_TRY(ReadFileName(map, "source", context, release.source));
  std::transform(release.sha512.begin(), release.sha512.end(), release.sha512.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (release.sha512.size() != 128 || release.sha512 == model::kAdoptedRelease ||
      release.sha512.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return base::Fail(
        sha512.Refuse("bad_value", "must be the 128 hexadecimal digits of the archive's SHA-512"));
  }
  return ReadFileName(map, "signature", context, release.signature);
}

base::Status ReadJava(const YamlValue& value, model::JavaSpec& java) {
  ZW_ASSIGN(const auto map, value.Map({"heap", "options"}));
  if (const auto heap = map.Find("heap")) {
    ZW_ASSIGN(java.heap, heap->Text());
    if (!IsJavaHeap(java.heap)) {
      return base::Fail(heap->Refuse(
          "bad_value",
          "must be a size such as 512m or 1g, not '" + base::Printable(java.heap, 60) + "'"));
    }
  }
  if (const auto options = map.Find("options")) {
    ZW_ASSIGN(const auto values, options->List());
    for (const auto& option : values) {
      ZW_ASSIGN(auto text, option.Text());
      if (!IsSafeJavaOption(text)) {
        return base::Fail(option.Refuse(
            "bad_value",
            "must begin with '-' and hold no spaces, quotes or other characters of the shell"));
      }
      if (const auto problem = model::JavaOptionProblem(text)) {
        return base::Fail(option.Refuse(
            "bad_value", "is '" + base::Printable(text, 120) + "', which " + *problem));
      }
      java.options.push_back(std::move(text));
    }
  }
  return base::Ok();
}

base::Status CheckTemplateName(const YamlValue& at, const std::string& name) {
  if (!IsPlainFileName(name)) {
    return base::Fail(at.Refuse(
        "bad_value", "must be a plain file name, not '" + base::Printable(name, 60) + "'"));
  }
  if (name.starts_with("zoo.cfg") || name == "java.env" || name == "myid") {
    return base::Fail(at.Refuse(
        "bad_value",
        "is '" + name + "', which zoowarden writes from config.settings, config.java and servers"));
  }
  return base::Ok();
}

base::Status ReadTemplates(const YamlValue& value,
                           const Context& context,
                           std::vector<model::TemplateFile>& files) {
  ZW_ASSIGN(const auto items, value.List());
  std::set<std::string> names;
  for (const auto& item : items) {
    ZW_ASSIGN(const auto map, item.Map({"name", "template"}));
    model::TemplateFile file;
    ZW_ASSIGN(const auto name, map.Need("name"));
    ZW_ASSIGN(file.name, name.Text());
    ZW_TRY(CheckTemplateName(name, file.name));
    if (!names.insert(file.name).second) {
      return base::Fail(name.Refuse("duplicate", ": '" + file.name + "' names two files"));
    }
    ZW_ASSIGN(const auto source, map.Need("template"));
    ZW_ASSIGN(const auto source_path, source.Text());
    auto content = context.read(AbsolutePath(context.directory, source_path));
    if (!content) {
      return base::Fail(source.Refuse("unreadable", ": " + content.error().message()));
    }
    if (!base::IsUtf8(*content)) {  // neither records nor calls can hold it
      return base::Fail(source.Refuse(
          "not_utf8",
          ": " + AbsolutePath(context.directory, source_path) + " is not UTF-8, convert it"));
    }
    file.content = *std::move(content);
    files.push_back(std::move(file));
  }
  std::sort(
      files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return base::Ok();
}

base::Status ReadConfiguration(const YamlValue& value,
                               const Context& context,
                               LoadedEnsemble& loaded) {
  ZW_ASSIGN(const auto map, value.Map({"settings", "java", "files", "plugins"}));
  auto& config = loaded.spec.config;
  if (const auto settings = map.Find("settings")) {
    ZW_TRY(ReadSettings(*settings, config.settings, loaded.origins, loaded.warnings));
  }
  if (const auto java = map.Find("java")) {
    ZW_TRY(ReadJava(*java, config.java));
  }
  if (const auto files = map.Find("files")) {
    ZW_TRY(ReadTemplates(*files, context, config.files));
  }
  if (const auto plugins = map.Find("plugins")) {
    ZW_ASSIGN(loaded.spec.plugins, ReadPlugins(*plugins, context.directory));
  }
  return base::Ok();
}

base::Status ReadApproval(const YamlMap& map, bool& required) {
  const auto approval = map.Find("approval");
  if (!approval) {
    return base::Ok();
  }
  ZW_ASSIGN(const auto word, approval->Text());
  required = word == "required";
  return required || word == "none"
             ? base::Ok()
             : base::Fail(approval->Refuse(
                   "bad_value",
                   "must be required or none, not '" + base::Printable(word, 60) + "'"));
}

base::Status ReadClientImpact(const YamlMap& policy, std::optional<model::ClientImpact>& impact) {
  const auto value = policy.Find("client_impact");
  if (!value) {
    return base::Ok();
  }
  ZW_ASSIGN(const auto map, value->Map({"max_write_gap", "then"}));
  ZW_TRY(map.Need("max_write_gap"));
  model::ClientImpact budget;
  ZW_TRY(map.ReadDuration(
      "max_write_gap", {milliseconds(1), std::chrono::hours(1)}, budget.max_write_gap));
  if (const auto then = map.Find("then")) {
    ZW_ASSIGN(const auto word, then->Text());
    const auto parsed = model::ParseOverBudget(word);
    if (!parsed) {
      return base::Fail(then->Refuse(
          "bad_value", "must be halt or rollback, not '" + base::Printable(word, 60) + "'"));
    }
    budget.then = *parsed;
  }
  impact = budget;
  return base::Ok();
}

base::Status ReadPolicy(const YamlValue& value, model::Policy& policy, bool& approval_required) {
  ZW_ASSIGN(
      const auto map,
      value.Map(
          {"soak", "step_timeout", "on_failure", "good_rounds", "approval", "client_impact"}));
  ZW_TRY(ReadApproval(map, approval_required));
  ZW_TRY(map.ReadDuration("soak", {milliseconds(0), std::chrono::hours(24)}, policy.soak));
  ZW_TRY(map.ReadDuration(
      "step_timeout", {std::chrono::seconds(1), std::chrono::hours(24)}, policy.step_timeout));
  ZW_TRY(map.ReadNumber("good_rounds", {1, 100}, policy.good_rounds));
  ZW_TRY(ReadClientImpact(map, policy.client_impact));
  if (const auto on_failure = map.Find("on_failure")) {
    ZW_ASSIGN(const auto name, on_failure->Text());
    const auto parsed = model::ParseOnFailure(name);
    if (!parsed) {
      return base::Fail(on_failure->Refuse("bad_value",
                                           "must be rollback_all, rollback_server or halt, not '" +
                                               base::Printable(name, 60) + "'"));
    }
    policy.on_failure = *parsed;
  }
  return base::Ok();
}

base::Status ReadCanary(const YamlValue& value, std::string& path) {
  ZW_ASSIGN(const auto map, value.Map({"path"}));
  ZW_ASSIGN(const auto at, map.Need("path"));
  ZW_ASSIGN(path, at.Text());
  const bool wrong = path.size() < 2 || path.front() != '/' || path.back() == '/' ||
                     path.find("//") != std::string::npos || path == "/zookeeper" ||
                     path.starts_with("/zookeeper/");
  if (wrong) {
    return base::Fail(at.Refuse("bad_value",
                                "must be an absolute znode path outside /zookeeper, not '" +
                                    base::Printable(path, 60) + "'"));
  }
  return base::Ok();
}

base::Result<std::string> ReadWholeFile(const std::string& path) {
  return sys::ReadFile(path, 1U << 20U);
}

}  // namespace

bool IsSafeJavaOption(std::string_view option) {
  return option.starts_with('-') &&
         option.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:=,/+@%") ==
             std::string_view::npos;
}

bool IsPlainFileName(std::string_view name) {
  return !name.empty() && name.front() != '.' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
             std::string_view::npos;
}

bool IsJavaHeap(std::string_view heap) {
  if (heap.empty()) {
    return false;
  }
  const auto number = base::ParseUnsigned(heap.substr(0, heap.size() - 1));
  return number && *number > 0 && *number <= 1'000'000 &&
         std::string_view("kKmMgG").find(heap.back()) != std::string_view::npos;
}

base::Result<LoadedEnsemble> ParseEnsemble(std::string_view text,
                                           const std::string& path,
                                           const FileReader& read) {
  LoadedEnsemble loaded;
  loaded.path = std::filesystem::absolute(path).lexically_normal().string();
  loaded.text = text;
  const Context context{std::filesystem::path(loaded.path).parent_path().string(), read};
  ZW_ASSIGN(const auto root, ReadYaml(text, path));
  ZW_ASSIGN(
      const auto map,
      root.Map(
          {"ensemble", "release", "config", "servers", "policy", "checks", "hooks", "canary"}));
  ZW_ASSIGN(const auto name, map.Need("ensemble"));
  ZW_ASSIGN(loaded.spec.name, name.Text());
  loaded.name_at = name.Where();
  // The name is part of the certificates' identity: zoowarden://<ensemble>/agent/1.
  if (loaded.spec.name.size() > 60 ||
      loaded.spec.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") !=
          std::string::npos) {
    return base::Fail(
        name.Refuse("bad_value", "must be made of lower-case letters, digits and '-', at most 60"));
  }
  ZW_ASSIGN(const auto release, map.Need("release"));
  ZW_TRY(ReadRelease(release, context, loaded.spec.release));
  if (const auto config = map.Find("config")) {
    ZW_TRY(ReadConfiguration(*config, context, loaded));
  }
  ZW_ASSIGN(const auto servers, map.Need("servers"));
  ZW_TRY(ReadServers(servers, loaded));
  if (const auto policy = map.Find("policy")) {
    ZW_TRY(ReadPolicy(*policy, loaded.spec.policy, loaded.approval_required));
  }
  if (const auto checks = map.Find("checks")) {
    ZW_ASSIGN(loaded.spec.checks, ReadChecks(*checks, context.directory));
  }
  if (const auto hooks = map.Find("hooks")) {
    ZW_ASSIGN(loaded.spec.hooks, ReadHooks(*hooks, context.directory));
  }
  if (const auto canary = map.Find("canary")) {
    ZW_TRY(ReadCanary(*canary, loaded.spec.canary_path));
  }
  return loaded;
}

base::Result<LoadedEnsemble> LoadEnsembleFile(const std::string& path) {
  ZW_ASSIGN(const auto text, ReadWholeFile(path));
  return ParseEnsembleFile(text, path);
}

base::Result<LoadedEnsemble> ParseEnsembleFile(std::string_view text, const std::string& path) {
  return ParseEnsemble(text, path, ReadWholeFile);
}

}  // namespace zoowarden::config
