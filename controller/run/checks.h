// The ensemble's own health checks: executables that get the observation as JSON on stdin. Exit 0
// passes; anything else, a time-out included, vetoes.
#pragma once

#include "controller/run/own_programs.h"
#include "core/run_state.h"
#include "model/ensemble.h"
#include "model/observation.h"

#include <optional>
#include <vector>

namespace zoowarden::controller {

class CheckRunner {
 public:
  virtual ~CheckRunner() = default;

  // One verdict a check, in order. Blocks for at most the sum of their time-outs.
  virtual std::vector<core::CheckVerdict> Run(const std::vector<model::HealthCheck>& checks,
                                              const model::Round& round) = 0;

  // The same beside the caller, whose rounds keep its lease alive. False, and nothing is begun,
  // while the verdicts of the run before have not been taken.
  virtual bool Start(const std::vector<model::HealthCheck>& checks, const model::Round& round) = 0;
  // The verdicts of the run that was begun, once: nothing before it has ended.
  virtual std::optional<std::vector<core::CheckVerdict>> Take() = 0;
};

// Runs none, and none vetoes.
class NoCheckRunner final : public CheckRunner {
 public:
  std::vector<core::CheckVerdict> Run(const std::vector<model::HealthCheck>& /*checks*/,
                                      const model::Round& /*round*/) override {
    return {};
  }
  bool Start(const std::vector<model::HealthCheck>& /*checks*/,
             const model::Round& /*round*/) override {
    return true;
  }
  std::optional<std::vector<core::CheckVerdict>> Take() override {
    return std::vector<core::CheckVerdict>{};
  }
};

// Its end kills a run that is still going on. Run is for any thread, the others for one.
class SubprocessCheckRunner final : public CheckRunner {
 public:
  std::vector<core::CheckVerdict> Run(const std::vector<model::HealthCheck>& checks,
                                      const model::Round& round) override;
  bool Start(const std::vector<model::HealthCheck>& checks, const model::Round& round) override;
  std::optional<std::vector<core::CheckVerdict>> Take() override;

 private:
  Beside<std::vector<core::CheckVerdict>> beside_;
};

}  // namespace zoowarden::controller
