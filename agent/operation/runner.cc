#include "agent/operation/runner.h"

#include "base/check.h"
#include "base/fault.h"
#include "base/log.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

using core::OperationAct;
using core::OperationEvent;
using model::OperationState;

// States in which Step has something to do or to watch.
bool WantsSteps(OperationState state) {
  return state == OperationState::kStaging ||
         (model::IsInFlight(state) && state != OperationState::kNeedsOperator);
}

std::string Name(OperationState state) { return std::string(model::OperationStateName(state)); }

}  // namespace

base::Result<OperationRunner> OperationRunner::Open(ServerHost& host,
                                                    OperationJournal& journal,
                                                    sys::Clock& clock) {
  ZW_ASSIGN(StoredOperation stored, journal.LoadOperation());
  const auto state = stored.operation_id.empty() ? std::optional(OperationState::kIdle)
                                                 : model::ParseOperationState(stored.state);
  OperationRunner runner(
      host, journal, clock, std::move(stored), state.value_or(OperationState::kNeedsOperator));
  if (!state) {
    const core::Reality reality = host.Look(runner.Record(), LookAt::kProcess);
    const bool alive = reality.process.has_value() || !reality.processes_visible;
    const OperationState safe = core::SafeStateForUnknownName(alive);
    base::LogWarn("op=" + runner.stored_.operation_id + " unknown_state=" + runner.stored_.state +
                  " becomes=" + Name(safe));
    runner.stored_.failure = "the journal holds the unknown state '" + runner.stored_.state + "'";
    runner.stored_.failure_reason = "operation.unknown_state";
    runner.stored_.state = Name(safe);
    runner.state_ = safe;
    ZW_TRY(journal.Save({.operation = &runner.stored_}));
  }
  ZW_TRY(runner.SettleAfterStart());
  return runner;
}

OperationRunner::OperationRunner(ServerHost& host,
                                 OperationJournal& journal,
                                 sys::Clock& clock,
                                 StoredOperation stored,
                                 OperationState state)
    : host_(&host),
      journal_(&journal),
      clock_(&clock),
      boot_id_(host.BootId()),
      stored_(std::move(stored)),
      state_(state) {}

// Instants of another boot mean nothing: the wait starts again.
base::Status OperationRunner::SettleAfterStart() {
  const bool same_boot = !boot_id_.empty() && stored_.boot_id == boot_id_;
  if (stored_.operation_id.empty() || same_boot) {
    return base::Ok();
  }
  stored_.boot_id = boot_id_;
  stored_.deadline = clock_->BootTime() + stored_.step_timeout;
  stored_.served = {};
  stored_.intended = {};
  stored_.signalled = {};
  return journal_->Save({.operation = &stored_});
}

bool OperationRunner::Step() {
  if (!WantsSteps(state_)) {
    return false;
  }
  if (state_ == OperationState::kStaging) {
    Stage();
    return WantsSteps(state_);
  }
  if (state_ == OperationState::kVerifying) {
    ZW_FAULT_POINT("agent.verifying");
  }
  const core::OperationRecord record = Record();
  core::Reality reality = LookAtServer(record);
  NoteProved(reality);
  reality.proved = IsProved(reality.process);
  const core::OperationStep step = core::DecideStep(record, reality, clock_->BootTime());
  if (step.event) {
    Advance({.event = *step.event, .reason = step.reason, .detail = step.detail}, reality.process);
  } else {
    Do(step, record, reality);
  }
  return WantsSteps(state_);
}

void OperationRunner::NoteProved(const core::Reality& reality) {
  const bool waiting =
      state_ == OperationState::kVerifying || state_ == OperationState::kUnconfirmed;
  const auto serves_as_wanted = [&] {
    return core::ServesInQuorum(reality) && reality.process->generation == stored_.to;
  };
  const bool as_wanted = stored_.to.empty() ? core::IsRemoved(reality) : serves_as_wanted();
  if (!waiting || IsProved(reality.process) || !as_wanted) {
    return;
  }
  StoredOperation next = stored_;
  if (!reality.process || reality.process->started_by_operation == stored_.operation_id) {
    next.proved = true;
  } else {
    next.served = ProcessIdentity::Of(*reality.process);
  }
  if (const auto saved = journal_->Save({.operation = &next}); !saved) {
    TellUnrecorded("proved", saved.error());
    return;
  }
  told_.clear();
  stored_ = std::move(next);
  base::LogInfo("op=" + stored_.operation_id +
                " proved=" + (stored_.to.empty() ? "removed" : stored_.to));
}

// Of a removal: that there is none.
bool OperationRunner::IsProved(const std::optional<model::Process>& process) const {
  if (!process) {
    return stored_.proved && stored_.to.empty();
  }
  return stored_.served.Names(*process) ||
         (stored_.proved && StartedBy(*process) == stored_.operation_id);
}

core::OperationRecord OperationRunner::Record() const {
  return {.operation_id = stored_.operation_id,
          .state = state_,
          .from = stored_.from,
          .to = stored_.to,
          .deadline = stored_.deadline,
          .stop_timeout = stored_.stop_timeout};
}

LookAt OperationRunner::WhatToLookAt() const {
  switch (state_) {
    case OperationState::kStopping:
    case OperationState::kRollingBack:
      return permits_.Live(stored_.operation_id, clock_->BootTime()) || stored_.signalled.pid != 0
                 ? LookAt::kProcess
                 : LookAt::kMember;
    case OperationState::kVerifying:
    case OperationState::kUnconfirmed:
    case OperationState::kVerifyingOld:
      return LookAt::kMember;
    case OperationState::kIdle:
    case OperationState::kStaging:
    case OperationState::kStaged:
    case OperationState::kSwitching:
    case OperationState::kStarting:
    case OperationState::kRestartingOld:
    case OperationState::kCommitted:
    case OperationState::kRolledBack:
    case OperationState::kNeedsOperator:
      return LookAt::kProcess;
  }
  return LookAt::kMember;
}

core::Reality OperationRunner::LookAtServer(const core::OperationRecord& record) {
  const LookAt what = WhatToLookAt();
  core::Reality reality = LookAs(what, record);
  const bool stopping =
      state_ == OperationState::kStopping || state_ == OperationState::kRollingBack;
  // The permit expired during the look, or the process is not the one that was permitted or
  // signalled: what to do with it depends on the member after all.
  if (stopping && what == LookAt::kProcess && reality.process && !reality.permit_valid &&
      !reality.stop_signalled) {
    return LookAs(LookAt::kMember, record);
  }
  return reality;
}

core::Reality OperationRunner::LookAs(LookAt what, const core::OperationRecord& record) {
  core::Reality reality = host_->Look(record, what);
  reality.launched = launched_;
  reality.launch_error = launch_error_;
  reality.switched = switched_;
  reality.proved = IsProved(reality.process);
  if (reality.process) {
    reality.permit_valid =
        permits_.Valid(stored_.operation_id, *reality.process, clock_->BootTime());
    reality.process->started_by_operation = StartedBy(*reality.process);
    if (stored_.signalled.Names(*reality.process)) {
      reality.stop_signalled = stored_.signalled_at;
    }
  }
  if (stored_.intended.pid != 0 && (!reality.process || stored_.intended.Names(*reality.process))) {
    reality.stop_intended = stored_.intended_at;
  }
  return reality;
}

std::string OperationRunner::StartedBy(const model::Process& process) const {
  return stored_.started.Names(process) ? stored_.started_by : std::string();
}

void OperationRunner::Do(const core::OperationStep& step,
                         const core::OperationRecord& record,
                         const core::Reality& reality) {
  switch (step.act) {
    case OperationAct::kNone:
      return;
    case OperationAct::kSignalStop:
      Stop(record, *reality.process, step);
      return;
    case OperationAct::kKill:
      Kill(*reality.process);
      return;
    case OperationAct::kSwitchToNew:
      SwitchToNew();
      return;
    case OperationAct::kSwitchToOld:
      Switch(stored_.from, OperationEvent::kRestoreFailed);
      return;
    case OperationAct::kLaunch:
      Launch();
      return;
  }
}

void OperationRunner::Advance(const Cause& cause, const std::optional<model::Process>& process) {
  const auto taken = core::NextState(state_, cause.event);
  ZW_CHECK(taken.has_value(),
           Name(state_) + " does not take " + std::string(core::OperationEventName(cause.event)));
  StoredOperation next = AfterEvent(cause, process);
  OperationState state = *taken;
  if (next.transitions >= core::kMaxTransitions && WantsSteps(state)) {
    next.failure = "the operation made " + std::to_string(next.transitions) +
                   " transitions without an end; look at its history";
    next.failure_reason = "operation.too_many_transitions";
    state = OperationState::kNeedsOperator;
  }
  if (const auto entered = Enter(std::move(next), state, cause, nullptr); !entered) {
    TellUnrecorded(Name(state), entered.error());
  }
}

void OperationRunner::TellUnrecorded(const std::string& what, const base::Error& why) {
  TellOnce("op=" + stored_.operation_id + " not_recorded=" + what + " " + why.message());
}

void OperationRunner::TellOnce(std::string text) {
  if (text != told_) {
    base::LogError(text);
    told_ = std::move(text);
  }
}

StoredOperation OperationRunner::AfterEvent(const Cause& cause,
                                            const std::optional<model::Process>& process) const {
  StoredOperation next = stored_;
  const bool started =
      cause.event == OperationEvent::kStarted || cause.event == OperationEvent::kOldStarted;
  if (started && process && cause.reason.empty()) {
    next.started = ProcessIdentity::Of(*process);
    next.started_by = stored_.operation_id;
    next.proved = false;
  }
  // The old generation gets the whole time again. Not earlier, on entering rolling_back: there the
  // deadline that has passed is what makes the new process count as down.
  if (cause.event == OperationEvent::kOldRestored || cause.event == OperationEvent::kOldStarted) {
    next.deadline = clock_->BootTime() + stored_.step_timeout;
  }
  if (!cause.reason.empty()) {
    next.failure = cause.detail;
    next.failure_reason = cause.reason;
  }
  return next;
}

base::Status OperationRunner::Enter(StoredOperation next,
                                    OperationState state,
                                    const Cause& cause,
                                    const Asked* asked) {
  next.state = Name(state);
  next.transitions += 1;
  next.changes += 1;
  next.intended = {};
  next.signalled = {};
  next.boot_id = boot_id_;
  JournalChange change{
      .operation = &next,
      .history = HistoryEntry{.operation_id = next.operation_id,
                              .sequence = next.changes,
                              .from_state = Name(state_),
                              .event = std::string(core::OperationEventName(cause.event)),
                              .state = next.state,
                              .detail = cause.detail,
                              .wall_time = clock_->WallTime()}};
  if (asked != nullptr) {
    change.call = &asked->call;
    change.outcome =
        RecordedOutcome{.method = asked->method, .error = std::nullopt, .state = state};
  }
  ZW_FAULT_POINT("agent.before_commit." + next.state);
  ZW_TRY(journal_->Save(change));
  const std::string entered = "op=" + next.operation_id + " state=" + next.state +
                              " event=" + change.history->event +
                              (cause.detail.empty() ? std::string() : " detail=" + cause.detail);
  const bool served_alone =
      cause.event == OperationEvent::kStandalone || cause.event == OperationEvent::kOldStandalone;
  served_alone ? base::LogError(entered) : base::LogInfo(entered);
  changes_.push_back({.operation_id = next.operation_id,
                      .state = state,
                      .detail = cause.detail,
                      .sequence = change.history->sequence});
  stored_ = std::move(next);
  state_ = state;
  launched_.reset();
  launch_error_.reset();
  switched_ = false;
  told_.clear();
  ZW_FAULT_POINT("agent.after_commit." + stored_.state);
  return base::Ok();
}

model::OperationStatus OperationRunner::Status() const {
  const auto left = stored_.deadline - clock_->BootTime();
  return {.operation_id = stored_.operation_id,
          .run_id = stored_.run_id,
          .epoch = stored_.epoch,
          .state = state_,
          .from_generation = stored_.from,
          .to_generation = stored_.to,
          .failure = stored_.failure,
          .failure_reason = stored_.failure_reason,
          .deadline_left = model::IsInFlight(state_) ? std::max(left, left.zero()) : left.zero(),
          .proved = stored_.proved};
}

StateChange OperationRunner::Present() const {
  return {.operation_id = stored_.operation_id,
          .state = state_,
          .detail = stored_.failure,
          .sequence = stored_.changes};
}

std::vector<StateChange> OperationRunner::TakeChanges() { return std::exchange(changes_, {}); }

}  // namespace zoowarden::agent
