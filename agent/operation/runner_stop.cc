#include "agent/operation/runner.h"
#include "base/fault.h"
#include "base/log.h"

namespace zoowarden::agent {

using core::OperationAct;
using core::OperationEvent;
using model::OperationState;

namespace {

OperationEvent CannotStop(OperationState state) {
  switch (state) {
    case OperationState::kStopping:
      return OperationEvent::kStopFailed;
    case OperationState::kVerifyingOld:
      return OperationEvent::kOldStandalone;
    default:
      return OperationEvent::kRestoreFailed;
  }
}

}  // namespace

void OperationRunner::Stop(const core::OperationRecord& record,
                           const model::Process& process,
                           const core::OperationStep& step) {
  const bool meant_before = stored_.intended.Names(process);
  if (!meant_before && !NoteIntent(process)) {
    return;
  }
  ZW_FAULT_POINT("agent.after_intent");
  auto sent_at = clock_->BootTime();
  const base::Status sent = host_->Signal(process, StopSignal::kTerminate, [&] {
    sent_at = clock_->BootTime();
    return MayStillStop(record, process);
  });
  if (!sent) {
    NotSent(record, meant_before, sent.error());
    return;
  }
  permits_.Drop();
  if (!step.reason.empty()) {
    base::LogError("op=" + stored_.operation_id + " stopped reason=" + step.reason + " " +
                   step.detail);
  }
  ZW_FAULT_POINT("agent.after_signal");
  // After the fact, because a signal that was only meant must not lead to SIGKILL.
  stored_.signalled = ProcessIdentity::Of(process);
  stored_.signalled_at = sent_at;
  if (const auto saved = journal_->Save({.operation = &stored_}); !saved) {
    base::LogWarn("op=" + stored_.operation_id + " not_recorded=signal " + saved.error().message());
  }
}

// Looking, recording and reaching a supervisor took time: the permit counts now, and a stop that it
// does not carry is decided on what is true now.
bool OperationRunner::MayStillStop(const core::OperationRecord& record,
                                   const model::Process& process) {
  if (permits_.Valid(stored_.operation_id, process, clock_->BootTime())) {
    return true;
  }
  const core::Reality reality = LookAs(LookAt::kMember, record);
  const core::OperationStep step = core::DecideStep(record, reality, clock_->BootTime());
  return step.act == OperationAct::kSignalStop &&
         ProcessIdentity::Of(process).Names(*reality.process);
}

void OperationRunner::NotSent(const core::OperationRecord& record,
                              bool meant_before,
                              const base::Error& why) {
  if (why.Is(base::ErrorCode::kCancelled)) {
    if (!meant_before) {
      DropIntent();
    }
    return;
  }
  permits_.Drop();
  if (why.Is(base::ErrorCode::kNotFound)) {
    return;
  }
  // Perhaps it was: the intent stays, and so does the state, until it has had its time to exit.
  const bool doubtful = clock_->BootTime() - stored_.intended_at < core::SignalDoubt(record);
  if (why.Is(base::ErrorCode::kDeadlineExceeded) && doubtful) {
    TellOnce("op=" + stored_.operation_id + " " + why.message());
    return;
  }
  Advance({.event = CannotStop(state_), .reason = "stop.signal_failed", .detail = why.message()});
}

// Before the signal: an agent that dies around it knows afterwards that this process may be dying.
bool OperationRunner::NoteIntent(const model::Process& process) {
  StoredOperation next = stored_;
  next.intended = ProcessIdentity::Of(process);
  next.intended_at = clock_->BootTime();
  if (const auto saved = journal_->Save({.operation = &next}); !saved) {
    TellUnrecorded("intent_to_stop", saved.error());
    return false;
  }
  told_.clear();
  stored_ = std::move(next);
  return true;
}

// Nothing was sent. Where the journal refuses, the record costs a wait after a restart, no more.
void OperationRunner::DropIntent() {
  stored_.intended = {};
  if (const auto saved = journal_->Save({.operation = &stored_}); !saved) {
    base::LogWarn("op=" + stored_.operation_id + " not_recorded=unsent " + saved.error().message());
  }
}

void OperationRunner::Kill(const model::Process& process) {
  base::LogWarn("op=" + stored_.operation_id + " pid=" + std::to_string(process.pid) +
                " outlives SIGTERM, sending SIGKILL");
  if (const auto sent = host_->Signal(process, StopSignal::kKill, {});
      !sent && !sent.error().Is(base::ErrorCode::kNotFound)) {
    base::LogError("op=" + stored_.operation_id + " " + sent.error().message());
  }
}

}  // namespace zoowarden::agent
