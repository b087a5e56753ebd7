// The `servers:` part of ensemble.yaml, with the rules that tie servers to each other.
#pragma once

#include "base/error.h"
#include "config/ensemble_file.h"
#include "config/yaml_reader.h"

namespace zoowarden::config {

// Fills loaded.spec.servers (sorted by id) and their origins and warnings. Refused: duplicate ids,
// agents and addresses (each with the line of the first), no voter, groups for some voters only.
[[nodiscard]] base::Status ReadServers(const YamlValue& servers, LoadedEnsemble& loaded);

// A map of zoo.cfg settings, each held against model/setting_rules.h.
[[nodiscard]] base::Status ReadSettings(const YamlValue& value,
                                        model::Settings& settings,
                                        SettingOrigins& origins,
                                        std::vector<std::string>& warnings);

}  // namespace zoowarden::config
