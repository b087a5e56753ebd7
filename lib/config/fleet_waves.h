// The `waves:` part of fleet.yaml: which ensembles are rolled together.
#pragma once

#include "base/error.h"
#include "config/fleet_file.h"
#include "config/yaml_reader.h"

#include <vector>

namespace zoowarden::config {

// Each wave takes ensembles that no wave before it has taken: those with its labels, and of these
// the first `count`, or `percentage` of all that have the labels (rounded up). Refused: a wave that
// takes nothing, two of one name, and ensembles that no wave takes.
[[nodiscard]] base::Result<std::vector<model::FleetWave>> ReadWaves(
    const YamlValue& value, const std::vector<FleetEnsemble>& ensembles);

// A map of plain words.
[[nodiscard]] base::Result<Labels> ReadLabels(const YamlValue& value);

}  // namespace zoowarden::config
