// Hooks, and which of them a run has told, as they are stored in its record (docs/formats.md).
#pragma once

#include "core/run_hooks.h"
#include "model/ensemble.h"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace zoowarden::controller {

[[nodiscard]] nlohmann::json HooksToJson(const std::vector<model::Hook>& hooks);
[[nodiscard]] nlohmann::json HookCallsToJson(const core::RunHooks& hooks);
// These throw what nlohmann::json throws, or std::invalid_argument, at what they do not understand.
[[nodiscard]] std::vector<model::Hook> HooksFromJson(const nlohmann::json& value);
[[nodiscard]] core::RunHooks HookCallsFromJson(const nlohmann::json& value);

}  // namespace zoowarden::controller
