#include "controller/run/checks.h"

#include "base/text.h"
#include "sys/subprocess.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <utility>

namespace zoowarden::controller {
namespace {

std::string ObservationJson(const model::Round& round) {
  nlohmann::json members = nlohmann::json::array();
  for (const auto& seen : round.members) {
    members.push_back({{"id", seen.id.value},
                       {"answered", seen.answered},
                       {"mode", model::ModeName(seen.mode)},
                       {"version", seen.version ? seen.version->ToString() : ""},
                       {"zxid", seen.own_zxid ? seen.own_zxid->ToString() : ""},
                       {"pid", seen.process ? seen.process->pid : 0},
                       {"client_port", seen.client_port}});
  }
  return nlohmann::json{{"schema_version", 1},
                        {"canary", round.canary ? round.canary->ToString() : ""},
                        {"members", members}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

core::CheckVerdict RunOne(const model::HealthCheck& check,
                          const std::string& input,
                          const std::stop_token& stop) {
  const char* path = std::getenv("PATH");
  const auto result = sys::RunProgram(
      {.executable = check.command.front(),
       .arguments = {check.command.begin() + 1, check.command.end()},
       .environment = {std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path)},
       .input = input,
       .timeout = check.timeout,
       .stop = stop});
  if (!result) {
    return {.name = check.name, .passed = false, .text = result.error().message()};
  }
  if (!result->succeeded()) {
    const std::string output = result->error_output + result->output;
    const auto said = base::Printable(base::Trim(output));
    return {
        .name = check.name,
        .passed = false,
        .text = "exit " + std::to_string(result->exit_code) + (said.empty() ? "" : ": " + said)};
  }
  return {.name = check.name, .passed = true};
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
  if (worker_.joinable()) {
    return false;
  }
  worker_ = std::jthread([this, checks, round](const std::stop_token& stop) {
    auto verdicts = RunAll(checks, round, stop);
    const std::lock_guard lock(mutex_);
    verdicts_ = std::move(verdicts);
  });
  return true;
}

std::optional<std::vector<core::CheckVerdict>> SubprocessCheckRunner::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!verdicts_) {
      return std::nullopt;
    }
  }
  worker_.join();
  worker_ = {};
  return std::exchange(verdicts_, std::nullopt);
}

}  // namespace zoowarden::controller
