#include "config/command_fields.h"

#include "base/text.h"

#include <chrono>
#include <filesystem>
#include <set>
#include <utility>

namespace zoowarden::config {
namespace {

using std::chrono::milliseconds;

bool IsPlainName(const std::string& name) {
  return name.size() <= 60 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
             std::string::npos;
}

base::Result<std::string> ReadName(const YamlMap& map, const std::string& key) {
  ZW_ASSIGN(const auto value, map.Need(key));
  ZW_ASSIGN(auto name, value.Text());
  if (!IsPlainName(name)) {
    return base::Fail(value.Refuse("bad_value",
                                   "must be made of letters, digits, '.', '_' and '-', not '" +
                                       base::Printable(name, 60) + "'"));
  }
  return name;
}

// PATH is not searched: what runs on the control machine should be readable from the file alone.
base::Result<std::vector<std::string>> ReadCommand(const YamlValue& value,
                                                   const std::string& directory) {
  ZW_ASSIGN(auto words, value.TextList());
  if (words.empty()) {
    return base::Fail(value.Refuse("bad_value", "must name a program"));
  }
  if (words.front().find('/') == std::string::npos) {
    return base::Fail(value.Refuse(
        "bad_value",
        "must begin with the program's path, for example ./" + base::Printable(words.front(), 60)));
  }
  words.front() = AbsolutePath(directory, words.front());
  return words;
}

}  // namespace

std::string AbsolutePath(const std::string& directory, const std::string& path) {
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

base::Result<std::vector<model::HealthCheck>> ReadChecks(const YamlValue& value,
                                                         const std::string& directory) {
  ZW_ASSIGN(const auto items, value.List());
  std::vector<model::HealthCheck> checks;
  std::set<std::string> names;
  for (const auto& item : items) {
    ZW_ASSIGN(const auto map, item.Map({"name", "command", "timeout"}));
    model::HealthCheck check;
    ZW_ASSIGN(check.name, ReadName(map, "name"));
    if (!names.insert(check.name).second) {
      return base::Fail(
          map.Find("name")->Refuse("duplicate", ": '" + check.name + "' names two checks"));
    }
    ZW_ASSIGN(const auto command, map.Need("command"));
    ZW_ASSIGN(check.command, ReadCommand(command, directory));
    ZW_TRY(map.ReadDuration("timeout", {milliseconds(100), std::chrono::hours(1)}, check.timeout));
    checks.push_back(std::move(check));
  }
  return checks;
}

base::Result<std::vector<model::Hook>> ReadHooks(const YamlValue& value,
                                                 const std::string& directory) {
  ZW_ASSIGN(const auto items, value.List());
  std::vector<model::Hook> hooks;
  std::set<std::string> names;
  for (const auto& item : items) {
    ZW_ASSIGN(const auto map, item.Map({"name", "when", "command", "timeout"}));
    model::Hook hook;
    ZW_ASSIGN(hook.name, ReadName(map, "name"));
    if (!names.insert(hook.name).second) {
      return base::Fail(
          map.Find("name")->Refuse("duplicate", ": '" + hook.name + "' names two hooks"));
    }
    ZW_ASSIGN(const auto when, map.Need("when"));
    ZW_ASSIGN(const auto word, when.Text());
    const auto point = model::ParseHookPoint(word);
    if (!point) {
      return base::Fail(
          when.Refuse("bad_value",
                      "must be before_run, before_step, after_step or after_run, not '" +
                          base::Printable(word, 60) + "'"));
    }
    hook.when = *point;
    ZW_ASSIGN(const auto command, map.Need("command"));
    ZW_ASSIGN(hook.command, ReadCommand(command, directory));
    ZW_TRY(map.ReadDuration("timeout", {milliseconds(100), std::chrono::hours(1)}, hook.timeout));
    hooks.push_back(std::move(hook));
  }
  return hooks;
}

base::Result<std::vector<model::PluginUse>> ReadPlugins(const YamlValue& value,
                                                        const std::string& directory) {
  ZW_ASSIGN(const auto items, value.List());
  std::vector<model::PluginUse> plugins;
  for (const auto& item : items) {
    ZW_ASSIGN(const auto map, item.Map({"use", "path", "command"}));
    model::PluginUse plugin;
    ZW_ASSIGN(plugin.use, ReadName(map, "use"));
    if (plugin.use == "file") {
      ZW_TRY(map.Need("path"));
    }
    if (plugin.use == "exec") {
      ZW_TRY(map.Need("command"));
    }
    ZW_TRY(map.ReadText("path", plugin.path));
    if (!plugin.path.empty()) {
      plugin.path = AbsolutePath(directory, plugin.path);
    }
    if (const auto command = map.Find("command")) {
      ZW_ASSIGN(plugin.command, ReadCommand(*command, directory));
    }
    plugins.push_back(std::move(plugin));
  }
  return plugins;
}

}  // namespace zoowarden::config
