// generations/start-conditions.json: what a start must find that the agent does not make itself, as
// at boot, or by `Restart=` in the unit. Written by the agent, read by zoowarden-launch, which may
// run as another user. Format 1, docs/formats.md.
#pragma once

#include "agent/lifecycle/start_guard.h"
#include "base/error.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::agent {

struct StartConditions {
  std::string data_log_directory;
  std::optional<ProvedBefore> proved;  // empty: the member was never proved
};

[[nodiscard]] std::string PrintStartConditions(const StartConditions& conditions);

// kDataLoss `start.conditions_damaged`, kFailedPrecondition `start.conditions_format`.
[[nodiscard]] base::Result<StartConditions> ParseStartConditions(std::string_view text);

// Idempotent and durable; a file that says the same is left alone.
[[nodiscard]] base::Status WriteStartConditions(const std::filesystem::path& generations,
                                                const StartConditions& conditions);

// CheckStart of what `current` names, on the data as they are now. Without the file only myid,
// configuration and release count: it appears with the agent's first start.
[[nodiscard]] base::Status CheckStartOfCurrent(const std::filesystem::path& current,
                                               const std::filesystem::path& data_directory);

}  // namespace zoowarden::agent
