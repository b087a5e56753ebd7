// The parts of ensemble.yaml that name programs: `checks:`, `hooks:` and `config.plugins:`. Nothing
// is run here and no shell is ever involved: a command is a list of words.
#pragma once

#include "base/error.h"
#include "config/yaml_reader.h"
#include "model/ensemble.h"

#include <string>
#include <vector>

namespace zoowarden::config {

// `directory` is the one that relative paths are relative to; the result is absolute and normal.
[[nodiscard]] std::string AbsolutePath(const std::string& directory, const std::string& path);

[[nodiscard]] base::Result<std::vector<model::HealthCheck>> ReadChecks(
    const YamlValue& value, const std::string& directory);
[[nodiscard]] base::Result<std::vector<model::Hook>> ReadHooks(const YamlValue& value,
                                                               const std::string& directory);
[[nodiscard]] base::Result<std::vector<model::PluginUse>> ReadPlugins(const YamlValue& value,
                                                                      const std::string& directory);

}  // namespace zoowarden::config
