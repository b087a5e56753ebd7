#include "controller/run/checks.h"

#include "base/text.h"
#include "sys/subprocess.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

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
      .dump();
}

core::CheckVerdict RunOne(const model::HealthCheck& check, const std::string& input) {
  const char* path = std::getenv("PATH");
  const auto result = sys::RunProgram(
      {.executable = check.command.front(),
       .arguments = {check.command.begin() + 1, check.command.end()},
       .environment = {std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path)},
       .input = input,
       .timeout = check.timeout});
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

}  // namespace

std::vector<core::CheckVerdict> SubprocessCheckRunner::Run(
    const std::vector<model::HealthCheck>& checks, const model::Round& round) {
  std::vector<core::CheckVerdict> verdicts;
  const auto input = ObservationJson(round);
  for (const auto& check : checks) {
    verdicts.push_back(RunOne(check, input));
  }
  return verdicts;
}

}  // namespace zoowarden::controller
