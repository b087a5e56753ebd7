#include "controller/cli/desired.h"

#include "base/text.h"
#include "model/setting_rules.h"
#include "plugin/source.h"

namespace zoowarden::controller {

namespace {

std::string LayerName(const model::PluginUse& use) {
  const auto& object = use.path.empty() && !use.command.empty() ? use.command.front() : use.path;
  return "plugin " + use.use + (object.empty() ? "" : " " + object);
}

base::Result<plugin::Layer> RunPlugin(Context& context,
                                      const model::EnsembleSpec& spec,
                                      const model::PluginUse& use) {
  ZW_ASSIGN(const auto found, plugin::FindPlugin(use.use, context.world().plugin_directories));
  ZW_ASSIGN(
      auto values,
      plugin::RunSource(found, {.ensemble = spec.name, .path = use.path, .command = use.command}));
  return plugin::Layer{.name = LayerName(use), .values = std::move(values)};
}

plugin::Layer OwnLayer(const config::LoadedEnsemble& file) {
  plugin::Layer own{.name = "ensemble.yaml", .values = {}};
  for (const auto& [key, value] : file.spec.config.settings) {
    const auto origin = file.origins.find(key);
    own.values[key] = {.value = value,
                       .origin = origin == file.origins.end() ? file.path : origin->second};
  }
  return own;
}

std::optional<std::string> ProblemOf(std::string_view key, std::string_view value) {
  if (auto problem = model::SettingProblem(key, value)) {
    return problem;
  }
  const auto problem = model::SettingValueProblem(key, value);
  return problem ? std::optional("setting '" + std::string(key) + "' " + *problem) : std::nullopt;
}

base::Result<config::LoadedEnsemble> LoadEdited(Context& context,
                                                const std::vector<config::SettingEdit>& edits) {
  ZW_ASSIGN(const auto path, context.EnsemblePath());
  ZW_ASSIGN(auto loaded, config::LoadEnsembleFile(path));
  if (!edits.empty()) {
    ZW_ASSIGN(const auto edited, config::EditSettings(loaded.text, path, edits));
    auto text = std::move(loaded.text);
    ZW_ASSIGN(loaded, config::ParseEnsembleFile(edited, path));
    loaded.text = std::move(text);
  }
  for (const auto& warning : loaded.warnings) {
    context.Warn(warning);
  }
  return loaded;
}

}  // namespace

base::Result<config::LoadedEnsemble> LoadEnsemble(Context& context) {
  return LoadEdited(context, {});
}

base::Result<model::ServerId> ServerNamed(const model::EnsembleSpec& spec,
                                          const std::string& word) {
  std::vector<std::string> ids;
  for (const auto& server : spec.servers) {
    ids.push_back(ToString(server.id));
    if (ids.back() == word) {
      return server.id;
    }
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "usage.unknown_server",
                    "ensemble.yaml has no server " + base::Printable(word, 40) + "; it has " +
                        base::Join(ids, ", "));
}

base::Result<Desired> LoadDesired(Context& context, const std::vector<config::SettingEdit>& edits) {
  ZW_ASSIGN(auto file, LoadEdited(context, edits));
  std::vector<plugin::Layer> layers;
  for (const auto& use : file.spec.plugins) {
    ZW_ASSIGN(auto layer, RunPlugin(context, file.spec, use));
    layers.push_back(std::move(layer));
  }
  layers.push_back(OwnLayer(file));
  ZW_ASSIGN(auto merged, plugin::MergeSettings(layers, ProblemOf));
  auto spec = file.spec;
  spec.config.settings = merged.Plain();
  return Desired{.file = std::move(file),
                 .edits = edits,
                 .spec = std::move(spec),
                 .settings = std::move(merged)};
}

base::Result<std::vector<model::ServerId>> OneOrAllServers(
    const model::EnsembleSpec& spec, const std::optional<std::string>& named) {
  if (named) {
    ZW_ASSIGN(const auto one, ServerNamed(spec, *named));
    return std::vector{one};
  }
  std::vector<model::ServerId> servers;
  for (const auto& server : spec.servers) {
    servers.push_back(server.id);
  }
  return servers;
}

}  // namespace zoowarden::controller
