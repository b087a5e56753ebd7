// When hooks are called, and what follows from what they say.
#include "core/run_hooks.h"

#include "core/run_internal.h"

#include <algorithm>
#include <utility>

namespace zoowarden::core {

std::string HookCallId(const std::string& run_id, const HookCall& call) {
  return run_id + "/" + std::string(model::HookPointName(call.when)) + "/" +
         (call.server.value == 0 ? "run" : model::ToString(call.server)) + "/" +
         (call.back ? "back" : "forward") +
         (call.opened > 0 ? "/" + std::to_string(call.opened + 1) : "");
}

std::map<model::HookPoint, std::chrono::milliseconds> PatienceOf(
    const std::vector<model::Hook>& hooks) {
  std::map<model::HookPoint, std::chrono::milliseconds> patience;
  for (const auto& hook : hooks) {
    patience[hook.when] += hook.timeout;
  }
  return patience;
}

namespace internal {
namespace {

// The runner ends programs at their deadlines; so much later it has failed itself.
constexpr std::chrono::milliseconds kRunnerMargin{30'000};

std::string Seconds(std::chrono::milliseconds time) {
  return std::to_string(time.count() / 1000) + "." + std::to_string(time.count() % 1000 / 100) +
         " s";
}

bool MayVeto(const HookCall& call) {
  return !call.back &&
         (call.when == model::HookPoint::kBeforeRun || call.when == model::HookPoint::kBeforeStep);
}

void TellResult(Turn& turn, const HookCall& call, const HookResult& result) {
  const std::string said = result.output.empty() ? "" : ", and printed: " + result.output;
  const std::string how = result.passed   ? " passed"
                          : MayVeto(call) ? " vetoed (" + result.text + ")"
                                          : " failed (" + result.text + "), which stops nothing";
  turn.Tell("hook",
            call.server,
            "hook '" + result.name + "' (" + std::string(model::HookPointName(call.when)) + ")" +
                how + " after " + Seconds(result.took) + said,
            {{"hook", result.name},
             {"id", HookCallId(turn.state().run_id, call)},
             {"passed", result.passed ? "true" : "false"},
             {"took_ms", std::to_string(result.took.count())},
             {"output", result.output}});
}

// What the call came to, once it has ended.
std::optional<std::vector<HookResult>> Await(Turn& turn, const HookCall& call) {
  auto& report = turn.memory().hook_report;
  if (report && report->call == call) {
    turn.memory().hook_begun.reset();
    turn.Progress();
    return std::exchange(report, std::nullopt)->results;
  }
  const auto id = HookCallId(turn.state().run_id, call);
  const auto point = std::string(model::HookPointName(call.when));
  const auto patience = turn.state().hooks.patience.at(call.when) + kRunnerMargin;
  if (turn.WaitedFor(id, "the " + point + " hooks", patience)) {
    turn.memory().hook_begun.reset();
    return std::vector<HookResult>{
        {.name = point, .text = "no word of it after its deadline", .took = patience}};
  }
  if (turn.memory().hook_begun != call) {
    turn.memory().hook_begun = call;
    turn.Tell("hook_begun", call.server, "telling the " + point + " hooks", {{"id", id}});
  }
  turn.out.want_hooks = call;
  return std::nullopt;
}

}  // namespace

void NoteReport(Turn& turn) {
  const auto& report = turn.input.hooks;
  if (report && report->call == turn.memory().hook_begun) {
    turn.memory().hook_report = report;
  }
}

HookVerdict TellBefore(Turn& turn, const HookCall& call, std::string& veto) {
  auto& hooks = turn.state().hooks;
  if (!hooks.patience.contains(call.when) || hooks.passed == call) {
    return HookVerdict::kGoOn;
  }
  const auto results = Await(turn, call);
  if (!results) {
    return HookVerdict::kWait;
  }
  for (const auto& result : *results) {
    TellResult(turn, call, result);
    if (!result.passed && veto.empty()) {
      veto = "hook '" + result.name + "' vetoed: " + result.text +
             (result.output.empty() ? "" : ": " + result.output);
    }
  }
  if (!veto.empty() && MayVeto(call)) {
    return HookVerdict::kVetoed;
  }
  hooks.passed = call;
  return HookVerdict::kGoOn;
}

void OweAfter(RunState& state, HookCall call) {
  if (state.hooks.patience.contains(call.when)) {
    call.opened = state.hooks.opened;
    state.hooks.owed.push_back(std::move(call));
  }
}

bool TellAfter(Turn& turn) {
  auto& owed = turn.state().hooks.owed;
  // Whoever goes on with the run may have none of them.
  std::erase_if(
      owed, [&](const HookCall& call) { return !turn.state().hooks.patience.contains(call.when); });
  if (owed.empty()) {
    return true;
  }
  const auto call = owed.front();
  const auto results = Await(turn, call);
  if (!results) {
    return false;
  }
  for (const auto& result : *results) {
    TellResult(turn, call, result);
  }
  owed.erase(owed.begin());
  return owed.empty();
}

}  // namespace internal
}  // namespace zoowarden::core
