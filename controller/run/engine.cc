#include "controller/run/engine.h"

#include "controller/run/actions.h"
#include "controller/run/rounds.h"

namespace zoowarden::controller {
namespace {

using base::ErrorCode;

// Between rounds that only wait. Short against a restart of a JVM, long against a round.
constexpr std::chrono::milliseconds kPause{50};
// How long no majority of agents may be reachable before the controller gives up; the run stays
// open.
constexpr std::chrono::milliseconds kMajorityPatience{60'000};
constexpr std::chrono::milliseconds kCallDeadline{10'000};

// Rounds after a restart also try a session with lastZxidSeen.
bool IsGating(const core::RunState& state) {
  return state.attempt.has_value() || state.phase == core::RunPhase::kFinalCheck;
}

}  // namespace

Engine::Engine(EngineDeps deps, RunIdentity identity, RunFile run, std::uint64_t sequence)
    : deps_(std::move(deps)),
      identity_(std::move(identity)),
      run_(std::move(run)),
      recorder_(deps_.agents, deps_.journal, deps_.clock, sequence) {}

base::Result<EngineResult> Engine::Drive() {
  // The first record is stored before the first observation: from then on any machine can resume.
  unsaved_.push_back({"run_started",
                      {},
                      run_.kind + " of ensemble " + run_.spec.name + " to " +
                          run_.spec.release.version.ToString() + " by " + identity_.holder +
                          ", epoch " + std::to_string(identity_.epoch.value)});
  ZW_TRY(Persist({.state = run_.state}));
  // Only to know which members serve, so that the first round can commit its canary.
  round_.members = deps_.agents.GetStatus(kCallDeadline);
  while (true) {
    ZW_ASSIGN(const bool over, Turn());
    if (over) {
      return EngineResult{.state = run_.state, .interrupted = interrupted_};
    }
  }
}

base::Result<bool> Engine::Turn() {
  round_ = MakeRound(deps_.agents,
                     deps_.clock,
                     {.identity = identity_,
                      .canary_path = run_.spec.canary_path,
                      .check_session = IsGating(run_.state)},
                     round_);
  ZW_TRY(CheckFenced());
  core::DecisionInput input{
      .round = round_, .now = deps_.clock.BootTime(), .stop_requested = deps_.stop_requested()};
  if (checks_wanted_) {
    input.checks = deps_.checks.Run(run_.spec.checks, round_);
    input.checks_ran = true;
  }
  auto decision = core::Decide(run_.state, memory_, input);
  deps_.progress.OnRound(run_, decision, round_);
  if (decision.state.phase == core::RunPhase::kEnded &&
      decision.state.outcome == core::RunOutcome::kSucceeded) {
    deps_.on_success();
  }
  if (!decision.events.empty()) {
    const auto stored = Persist(decision);
    if (!stored && stored.error().Is(ErrorCode::kAborted)) {
      return base::Fail(stored.error());
    }
    if (!stored) {
      // Not on a majority: the decision is dropped and made again from a new round.
      const auto now = deps_.clock.BootTime();
      unavailable_since_ = unavailable_since_.value_or(now);
      if (now - *unavailable_since_ > kMajorityPatience) {
        return base::Fail(stored.error());
      }
      deps_.clock.SleepFor(kPause);
      return false;
    }
  }
  unavailable_since_.reset();
  run_.state = std::move(decision.state);
  memory_ = std::move(decision.memory);
  checks_wanted_ = decision.want_checks;
  Act(decision.actions);
  interrupted_ = decision.interrupted;
  if (run_.state.phase == core::RunPhase::kEnded || interrupted_) {
    return true;
  }
  if (decision.actions.empty() && decision.events.empty()) {
    deps_.clock.SleepFor(kPause);
  }
  return false;
}

base::Status Engine::CheckFenced() const {
  for (const auto& seen : round_.members) {
    if (seen.fenced) {
      return base::Fail(ErrorCode::kAborted,
                        "run.fenced",
                        "another controller has taken this run over: " + seen.problem);
    }
  }
  return base::Ok();
}

base::Status Engine::Persist(const core::Decision& decision) {
  auto events = unsaved_;
  events.insert(events.end(), decision.events.begin(), decision.events.end());
  auto run = run_;
  run.state = decision.state;
  const auto stored = recorder_.Record(identity_, run, events);
  if (!stored) {
    return stored;
  }
  for (const auto& event : events) {
    deps_.progress.OnEvent(event);
  }
  unsaved_.clear();
  return base::Ok();
}

void Engine::Act(const std::vector<core::Action>& actions) {
  for (const auto& action : actions) {
    const auto result = Perform(action);
    core::NoteResult(run_.state, memory_, action, result, unsaved_);
  }
}

base::Status Engine::Perform(const core::Action& action) {
  const Call call{.run = identity_,
                  .operation_id = action.operation_id,
                  .sequence = ++call_sequence_,
                  .deadline = kCallDeadline};
  if (action.kind != core::ActionKind::kRequestPermit) {
    return PerformAction(deps_.agents, run_, call, action);
  }
  auto permit = deps_.agents.RequestPermit(action.server, call);
  if (!permit) {
    return base::Fail(permit.error());
  }
  core::NotePermit(memory_, action.server, std::move(permit->id), round_.number);
  return base::Ok();
}

}  // namespace zoowarden::controller
