// Taking over what runs: it becomes this server's generation 0. Nothing is started, stopped or
// changed but the agent's own directory of generations.
#pragma once

#include "agent/adopt/discoverer.h"
#include "agent/install/generations.h"
#include "base/error.h"
#include "model/observation.h"

#include <string>

namespace zoowarden::agent {

// What the controller saw and approved.
struct ApprovedAdoption {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;
  std::string digest;
};

// Repeatable. kFailedPrecondition: the first obstacle; `adopt.other_process`, `adopt.changed` when
// what runs now is not what was approved; `adopt.not_first`.
[[nodiscard]] base::Result<model::Generation> Adopt(const DiscoverInputs& inputs,
                                                    const ApprovedAdoption& approved,
                                                    Generations& generations);

}  // namespace zoowarden::agent
