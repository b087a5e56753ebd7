// The desired state in the record of a run (docs/formats.md). Pure.
#pragma once

#include "model/ensemble.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace zoowarden::controller {

// Secrets are masked.
[[nodiscard]] nlohmann::json SpecToJson(const model::EnsembleSpec& spec);
// Throws std::exception when something is missing or is not what it should be.
[[nodiscard]] model::EnsembleSpec SpecFromJson(const nlohmann::json& value);

// What a name in a record stands for; throws std::invalid_argument when this program has no such.
template <typename T>
T Must(std::optional<T> value, const std::string& what) {
  if (!value) {
    throw std::invalid_argument("unknown " + what);
  }
  return *std::move(value);
}

}  // namespace zoowarden::controller
