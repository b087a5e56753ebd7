// The ensemble's own health checks: executables that get the observation as JSON on stdin. Exit 0
// passes; anything else, a time-out included, vetoes.
#pragma once

#include "core/run_state.h"
#include "model/ensemble.h"
#include "model/observation.h"

#include <vector>

namespace zoowarden::controller {

class CheckRunner {
 public:
  virtual ~CheckRunner() = default;
  // One verdict a check, in order. Blocks for at most the sum of their time-outs.
  virtual std::vector<core::CheckVerdict> Run(const std::vector<model::HealthCheck>& checks,
                                              const model::Round& round) = 0;
};

class SubprocessCheckRunner final : public CheckRunner {
 public:
  std::vector<core::CheckVerdict> Run(const std::vector<model::HealthCheck>& checks,
                                      const model::Round& round) override;
};

}  // namespace zoowarden::controller
