// The plan of a repair, and what plans of all kinds are made with. Pure.
#pragma once

#include "core/plan.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::core {

// Starts members that are down, one after the other; stops nothing. Without a quorum its warnings
// say what cannot be promised. What is refused has no steps: not all of it is down.
[[nodiscard]] Plan PlanRepair(const PlanInput& input);

[[nodiscard]] std::optional<model::ServerId> FindLeader(
    const std::vector<model::MemberObservation>& seen);
[[nodiscard]] const model::MemberObservation* FindSeen(const PlanInput& input, model::ServerId id);
// From what is installed there, which must be known, to `wanted`.
[[nodiscard]] PlanStep StepTo(const model::MemberObservation& seen,
                              const model::Generation& wanted);
// "10 s", "1500 ms"
[[nodiscard]] std::string Milliseconds(std::chrono::milliseconds time);

}  // namespace zoowarden::core
