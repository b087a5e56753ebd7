// Which JVM options the configuration may name. One rule for ensemble.yaml, for what is adopted and
// for what an agent writes into java.env. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::model {

// Why this option is refused, or nullopt: what brings code, a class path or options of its own is
// refused by name, and so is what a shell could read as more than one word or as a command.
[[nodiscard]] std::optional<std::string> JavaOptionProblem(std::string_view option);

}  // namespace zoowarden::model
