#include "plugins/text/settings_text.h"

#include "config/yaml_reader.h"

namespace zoowarden::plugin_text {

base::Result<plugin_sdk::Settings> ReadSettingsText(std::string_view text,
                                                    const std::string& name) {
  ZW_ASSIGN(const auto root, config::ReadYaml(text, name));
  plugin_sdk::Settings settings;
  if (root.node().kind == config::YamlNode::Kind::kNull) {
    return settings;
  }
  ZW_ASSIGN(const auto map, root.OpenMap());
  for (const auto& [key, value] : map.Entries()) {
    ZW_ASSIGN(auto text_value, value.Scalar());
    settings[key] = {.value = std::move(text_value), .origin = value.Where()};
  }
  return settings;
}

}  // namespace zoowarden::plugin_text
