#include "controller/run/engine.h"

#include "base/fault.h"
#include "controller/run/actions.h"
#include "controller/run/lease.h"
#include "controller/run/rounds.h"

#include <algorithm>
#include <utility>

namespace zoowarden::controller {
namespace {

using base::ErrorCode;

// Between rounds that only wait. Short against a restart of a JVM, long against a round.
constexpr std::chrono::milliseconds kPause{50};
constexpr std::chrono::milliseconds kPauseWhileStarting{150};
// How long no majority of agents may be reachable before the controller gives up; the run stays
// open.
constexpr std::chrono::milliseconds kMajorityPatience{60'000};
// The same when a stop was asked for: enough for a call that failed once.
constexpr std::chrono::milliseconds kPatienceWhenStopping{2'000};
constexpr std::chrono::milliseconds kCallDeadline{10'000};

// At the server that was restarted, and everywhere before the last word on a stop and on the run.
std::set<model::ServerId> SessionsFor(const core::RunState& state, const core::RunMemory& memory) {
  if (memory.permit || state.phase == core::RunPhase::kFinalCheck) {
    return model::IdsOf(state.members);
  }
  return state.attempt ? std::set{*state.attempt} : std::set<model::ServerId>();
}

// A JVM that starts needs the processor more than we need to know at once.
std::chrono::milliseconds PauseAfter(const core::RunState& state, const model::Round& round) {
  const auto* seen = state.attempt ? model::FindMember(round, *state.attempt) : nullptr;
  const bool starting = seen != nullptr && model::IsInFlight(seen->operation.state) &&
                        (!seen->process || !model::IsServing(seen->mode));
  return starting ? kPauseWhileStarting : kPause;
}

// What the ensemble's own checks are asked about.
std::string GateOf(const core::RunState& state) {
  return state.attempt ? "server " + model::ToString(*state.attempt) : "the whole ensemble";
}

}  // namespace

Engine::Engine(EngineDeps deps, RunIdentity identity, RunFile run, std::uint64_t sequence)
    : deps_(std::move(deps)),
      identity_(std::move(identity)),
      run_(std::move(run)),
      recorder_(deps_.agents, deps_.journal, deps_.clock, sequence) {}

base::Result<EngineResult> Engine::Drive() {
  auto result = DriveOn();
  deps_.writes.End();
  return result;
}

base::Result<EngineResult> Engine::DriveOn() {
  // The first record is stored before the first observation: from then on any machine can resume.
  unsaved_.push_back({"run_started",
                      {},
                      DescribeRun(run_) + " by " + identity_.holder + ", epoch " +
                          std::to_string(identity_.epoch.value)});
  if (recorder_.IsNew()) {
    const auto approved = ApprovalOf(run_);
    unsaved_.insert(unsaved_.end(), approved.begin(), approved.end());
  }
  if (!deps_.taken_over.empty()) {
    unsaved_.push_back({"taken_over", {}, deps_.taken_over});
  }
  core::Decision beginning{.state = run_.state};
  ZW_TRY(Persist(beginning));
  // Only to know which members serve, so that the first round can commit its canary.
  round_.members = deps_.agents.GetStatus(kCallDeadline);
  while (true) {
    ZW_ASSIGN(const bool over, Turn());
    if (over) {
      if (interrupted_) {
        unsaved_.push_back({"left_open", {}, "left open at a safe point by " + identity_.holder});
      }
      if (core::Decision last{.state = run_.state}; !unsaved_.empty()) {
        // What the last actions came to; the outcome itself is stored.
        static_cast<void>(Persist(last));
      }
      return EngineResult{.state = run_.state, .interrupted = interrupted_};
    }
  }
}

base::Result<bool> Engine::Turn() {
  FollowWrites();
  round_ = MakeRound(deps_.agents,
                     deps_.clock,
                     {.identity = identity_,
                      .canary_path = run_.spec.canary_path,
                      .sessions = SessionsFor(run_.state, memory_)},
                     round_);
  ZW_ASSIGN(const bool taken, IsTaken());
  ZW_ASSIGN(const bool holds, taken ? HoldsRun() : base::Result<bool>(false));
  if (!holds) {
    core::NoteMissedRounds(memory_);
    return false;
  }
  if (unstored_) {
    return StoreAgain();
  }
  core::DecisionInput input{.round = round_,
                            .now = deps_.clock.BootTime(),
                            .stop_requested = deps_.stop_requested(),
                            .aborted_by = deps_.aborted_by};
  FeedChecks(input);
  FeedHooks(input);
  input.writes = deps_.writes.Take();
  auto decision = core::Decide(run_.state, memory_, input);
  deps_.progress.OnRound(run_, decision, round_);
  if (decision.state.phase == core::RunPhase::kEnded &&
      decision.state.outcome == core::RunOutcome::kSucceeded) {
    deps_.on_success();
  }
  if (!decision.events.empty() || !unsaved_.empty()) {
    if (const auto stored = Persist(decision); !stored) {
      ZW_TRY(Wait(stored.error()));
      return false;
    }
  }
  Adopt(decision);
  Act(decision.actions);
  if (!Over() && decision.actions.empty() && decision.events.empty()) {
    deps_.clock.SleepFor(PauseAfter(run_.state, round_));
  }
  return Over();
}

// They run beside the rounds, too, and not before the record says that they are called: what is
// wanted here was stored in an earlier turn.
void Engine::FeedHooks(core::DecisionInput& input) {
  input.hooks = deps_.hooks.Take();
  if (input.hooks) {
    hooks_called_.reset();
    hooks_wanted_.reset();  // what is wanted besides is said again
  }
  if (hooks_wanted_ && !hooks_called_ && deps_.hooks.Start(*hooks_wanted_, run_, round_)) {
    hooks_called_ = hooks_wanted_;
  }
}

// Where servers are stopped: what clients feel then is the run's doing. Not of what is repaired.
void Engine::FollowWrites() {
  if (run_.state.phase == core::RunPhase::kRolling && !core::IsRepair(run_.state)) {
    deps_.writes.Follow(identity_, WriteOrder(run_.state, round_));
  } else {
    deps_.writes.Rest();
  }
}

// They run beside the rounds, one run at a time. A verdict counts for the gate that it was begun
// for, as long as that was open in every round since.
void Engine::FeedChecks(core::DecisionInput& input) {
  const auto gate = checks_wanted_ ? GateOf(run_.state) : std::string();
  auto verdicts = deps_.checks.Take();
  if (checks_for_ != gate) {
    checks_for_.clear();
    verdicts.reset();
  }
  if (!gate.empty() && checks_for_.empty() && deps_.checks.Start(run_.spec.checks, round_)) {
    checks_for_ = gate;
    verdicts = deps_.checks.Take();
  }
  if (verdicts && !checks_for_.empty()) {
    checks_for_.clear();
    input.checks = *std::move(verdicts);
    input.checks_ran = true;
  }
}

// The decision stands, because some agents have it; what it was to do is not done, because the
// round that allowed it is old. Like a controller that was killed between record and action.
base::Result<bool> Engine::StoreAgain() {
  if (const auto stored = recorder_.StoreAgain(identity_); !stored) {
    ZW_TRY(Wait(stored.error()));
    return false;
  }
  auto [decision, events] = *std::exchange(unstored_, std::nullopt);
  for (const auto& event : events) {
    deps_.progress.OnEvent(event);
  }
  Adopt(decision);
  core::NoteMissedRounds(memory_);
  memory_.stop_sent.reset();
  for (const auto& action : decision.actions) {
    core::NoteResult(run_.state,
                     memory_,
                     action,
                     base::Fail(ErrorCode::kUnavailable,
                                "record.late",
                                "not asked of " + model::ToString(action.server) +
                                    ": the record reached a majority of agents too late"),
                     unsaved_);
  }
  return Over();
}

// Until a majority of agents can be asked again.
base::Status Engine::Wait(const base::Error& problem) {
  const auto now = deps_.clock.BootTime();
  unavailable_since_ = unavailable_since_.value_or(now);
  // A record that is fenced off may be so by this controller's own higher epoch: who holds the run
  // is said by HoldsRun.
  const auto patience = deps_.stop_requested() ? kPatienceWhenStopping : kMajorityPatience;
  if (problem.reason() == "run.fenced" || now - *unavailable_since_ > patience) {
    return base::Fail(problem);
  }
  deps_.clock.SleepFor(kPause);
  return base::Ok();
}

void Engine::Adopt(core::Decision& decision) {
  unavailable_since_.reset();
  run_.state = std::move(decision.state);
  memory_ = std::move(decision.memory);
  checks_wanted_ = decision.want_checks;
  hooks_wanted_ = decision.want_hooks;
  interrupted_ = decision.interrupted;
}

bool Engine::Over() const { return run_.state.phase == core::RunPhase::kEnded || interrupted_; }

// False: whether this controller still holds the run is not known, and nothing may be done.
base::Result<bool> Engine::HoldsRun() {
  const bool fenced = std::any_of(
      round_.members.begin(), round_.members.end(), [](const auto& m) { return m.fenced; });
  if (!fenced) {
    return true;
  }
  auto raised = RaiseEpoch(deps_.agents, identity_);
  if (raised) {
    identity_ = *std::move(raised);
    memory_.permit.reset();
    return true;
  }
  // Somebody else's in a minority can do nothing: the round goes without those members.
  if (raised.error().reason() == "lease.held") {
    return true;
  }
  ZW_TRY(Wait(raised.error()));
  return false;
}

// False: certificates ended or were revoked while the run went on. Others may be put in their
// places.
base::Result<bool> Engine::IsTaken() {
  const auto answered = std::count_if(
      round_.members.begin(), round_.members.end(), [](const auto& m) { return m.answered; });
  if (static_cast<std::size_t>(answered) >= MajorityOf(round_.members.size())) {
    return true;
  }
  const auto taken = CheckTaken(deps_.agents);
  if (!taken) {
    ZW_TRY(Wait(taken.error()));
  }
  return taken.has_value();
}

base::Status Engine::Persist(core::Decision& decision) {
  auto events = std::exchange(unsaved_, {});
  events.insert(events.end(), decision.events.begin(), decision.events.end());
  auto run = run_;
  run.state = decision.state;
  if (auto stored = recorder_.Record(identity_, run, events); !stored) {
    unstored_ = Unstored{.decision = std::move(decision), .events = std::move(events)};
    return stored;
  }
  for (const auto& event : events) {
    deps_.progress.OnEvent(event);
  }
  return base::Ok();
}

void Engine::Act(const std::vector<core::Action>& actions) {
  for (const auto& action : actions) {
    ZW_FAULT_POINT("controller.before_" + std::string(core::ActionKindName(action.kind)));
    const auto result = Perform(action);
    ZW_FAULT_POINT("controller.after_" + std::string(core::ActionKindName(action.kind)));
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
