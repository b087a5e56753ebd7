// Which releases may be rolled to, and what the way back allows. Pure data with its sources.
// Target rules bind the way forward only: a generation that ran here may be returned to.
#pragma once

#include "model/version.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::core {

enum class RuleSeverity { kRefuse, kWarn };

struct RuleFinding {
  std::string id;  // stable, e.g. "version.data_loss.4925"
  RuleSeverity severity = RuleSeverity::kRefuse;
  std::string text;  // what is wrong, why, and what would be safe
};

// `from` is absent for a server that does not run yet.
[[nodiscard]] std::vector<RuleFinding> CheckTarget(std::optional<model::Version> from,
                                                   model::Version to);

// Can a server that ran `newer` go back to `older` with the data it wrote meanwhile?
[[nodiscard]] std::vector<RuleFinding> CheckWayBack(model::Version newer, model::Version older);

}  // namespace zoowarden::core
