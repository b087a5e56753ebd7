#include "controller/run/hooks.h"

#include <nlohmann/json.hpp>

#include <utility>
#include <vector>

namespace zoowarden::controller {
namespace {

using nlohmann::json;

struct Job {
  model::Hook hook;
  std::string input;
};

json GenerationJson(const model::Generation& generation) {
  return {{"version", generation.version.ToString()}, {"generation", generation.digest}};
}

// The server of the step, and from what to what it goes.
json ServerJson(const RunFile& run, const core::HookCall& call) {
  const auto* declared = model::FindServer(run.spec, call.server);
  if (declared == nullptr) {
    return nullptr;
  }
  const auto& server = core::ServerOf(run.state, call.server);
  return {{"id", call.server.value},
          {"host", declared->host},
          {"role", model::RoleName(declared->role)},
          {"client_port", declared->client_port},
          {"from", GenerationJson(call.back ? server.target : server.origin)},
          {"to", GenerationJson(call.back ? server.origin : server.target)}};
}

core::HookReport RunAll(const core::HookCall& call,
                        const std::vector<Job>& jobs,
                        const std::stop_token& stop) {
  const bool before =
      call.when == model::HookPoint::kBeforeRun || call.when == model::HookPoint::kBeforeStep;
  core::HookReport report{.call = call};
  for (const auto& job : jobs) {
    auto verdict = RunOwnProgram(job.hook.command, job.hook.timeout, job.input, stop);
    report.results.push_back({.name = job.hook.name,
                              .passed = verdict.passed,
                              .text = std::move(verdict.text),
                              .output = std::move(verdict.output),
                              .took = verdict.took});
    if (stop.stop_requested() || (before && !call.back && !verdict.passed)) {
      break;
    }
  }
  return report;
}

}  // namespace

std::string HookInput(const model::Hook& hook,
                      const core::HookCall& call,
                      const RunFile& run,
                      const model::Round& round) {
  const auto& state = run.state;
  json value = {{"schema_version", 1},
                {"hook", hook.name},
                {"when", model::HookPointName(call.when)},
                {"id", core::HookCallId(state.run_id, call)},
                {"run", state.run_id},
                {"kind", run.kind},
                {"ensemble", run.spec.name},
                {"direction", call.back ? "back" : "forward"},
                {"server", ServerJson(run, call)},
                {"leader", state.leader ? json(state.leader->value) : json(nullptr)},
                {"members", MembersJson(round)}};
  if (call.when == model::HookPoint::kAfterStep) {
    value["result"] = call.failed ? "failed" : "done";
  }
  if (call.when == model::HookPoint::kAfterRun) {
    // The run may have been opened again before it could be told.
    const bool then = !call.outcome.empty();
    value["outcome"] = then ? call.outcome : std::string(core::RunOutcomeName(state.outcome));
    value["outcome_text"] = then ? call.outcome_text : state.outcome_text;
  }
  return ToText(value);
}

bool SubprocessHookRunner::Start(const core::HookCall& call,
                                 const RunFile& run,
                                 const model::Round& round) {
  std::vector<Job> jobs;
  for (const auto& hook : run.spec.hooks) {
    if (hook.when == call.when) {
      jobs.push_back({.hook = hook, .input = HookInput(hook, call, run, round)});
    }
  }
  return beside_.Start([call, jobs = std::move(jobs)](const std::stop_token& stop) {
    return RunAll(call, jobs, stop);
  });
}

}  // namespace zoowarden::controller
