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

void OperationRunner::Stop(const core::OperationRecord& record, core::Reality reality) {
  if (!NoteIntent(*reality.process)) {
    return;
  }
  ZW_FAULT_POINT("agent.after_intent");
  // Looking and recording took time: the permit counts now.
  const auto now = clock_->BootTime();
  reality.permit_valid = permits_.Valid(stored_.operation_id, *reality.process, now);
  const core::OperationStep step = core::DecideStep(record, reality, now);
  if (step.act != OperationAct::kSignalStop) {
    DropIntent();
    return;
  }
  if (!step.reason.empty()) {
    base::LogError("op=" + stored_.operation_id + " stopping reason=" + step.reason + " " +
                   step.detail);
  }
  const base::Status sent = host_->Signal(*reality.process, StopSignal::kTerminate);
  permits_.Drop();
  if (!sent) {
    if (!sent.error().Is(base::ErrorCode::kNotFound)) {
      Advance({.event = CannotStop(state_),
               .reason = "stop.signal_failed",
               .detail = sent.error().message()});
    }
    return;
  }
  ZW_FAULT_POINT("agent.after_signal");
  // After the fact, because a signal that was only meant must not lead to SIGKILL.
  stored_.signalled = ProcessIdentity::Of(*reality.process);
  stored_.signalled_at = now;
  if (const auto saved = journal_->Save({.operation = &stored_}); !saved) {
    base::LogWarn("op=" + stored_.operation_id + " not_recorded=signal " + saved.error().message());
  }
}

// Before the signal: an agent that dies around it knows afterwards that this process may be dying.
bool OperationRunner::NoteIntent(const model::Process& process) {
  if (stored_.intended.Names(process)) {
    return true;
  }
  StoredOperation next = stored_;
  next.intended = ProcessIdentity::Of(process);
  next.intended_at = clock_->BootTime();
  if (const auto saved = journal_->Save({.operation = &next}); !saved) {
    TellUnrecorded("intent_to_stop", saved.error());
    return false;
  }
  unrecorded_.clear();
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
  if (const auto sent = host_->Signal(process, StopSignal::kKill);
      !sent && !sent.error().Is(base::ErrorCode::kNotFound)) {
    base::LogError("op=" + stored_.operation_id + " " + sent.error().message());
  }
}

}  // namespace zoowarden::agent
