#include "controller/run/checks.h"

#include <nlohmann/json.hpp>

namespace zoowarden::controller {
namespace {

std::string ObservationJson(const model::Round& round) {
  return ToText({{"schema_version", 1},
                 {"canary", round.canary ? round.canary->ToString() : ""},
                 {"members", MembersJson(round)}});
}

core::CheckVerdict RunOne(const model::HealthCheck& check,
                          const std::string& input,
                          const std::stop_token& stop) {
  const auto verdict = RunOwnProgram(check.command, check.timeout, input, stop);
  const bool said = !verdict.passed && !verdict.output.empty();
  return {.name = check.name,
          .passed = verdict.passed,
          .text = verdict.text + (said ? ": " + verdict.output : "")};
}

std::vector<core::CheckVerdict> RunAll(const std::vector<model::HealthCheck>& checks,
                                       const model::Round& round,
                                       const std::stop_token& stop) {
  std::vector<core::CheckVerdict> verdicts;
  const auto input = ObservationJson(round);
  for (const auto& check : checks) {
    if (stop.stop_requested()) {
      break;
    }
    verdicts.push_back(RunOne(check, input, stop));
  }
  return verdicts;
}

}  // namespace

std::vector<core::CheckVerdict> SubprocessCheckRunner::Run(
    const std::vector<model::HealthCheck>& checks, const model::Round& round) {
  return RunAll(checks, round, {});
}

bool SubprocessCheckRunner::Start(const std::vector<model::HealthCheck>& checks,
                                  const model::Round& round) {
  return beside_.Start(
      [checks, round](const std::stop_token& stop) { return RunAll(checks, round, stop); });
}

std::optional<std::vector<core::CheckVerdict>> SubprocessCheckRunner::Take() {
  return beside_.Take();
}

}  // namespace zoowarden::controller
