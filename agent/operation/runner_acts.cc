// What a state's action does: staging, the data directory's first files, the switch, the launch.
#include "agent/operation/runner.h"
#include "base/fault.h"

namespace zoowarden::agent {

using core::OperationEvent;
using model::OperationState;

void OperationRunner::Stage() {
  if (!to_stage_) {
    Advance({.event = OperationEvent::kStageFailed,
             .reason = "staging.interrupted",
             .detail = "the agent was restarted while it staged; begin again"});
    return;
  }
  if (stored_.kind == kRemoveKind) {
    Advance({.event = OperationEvent::kStageDone, .reason = "", .detail = ""});
    return;
  }
  auto generation = host_->Stage(*to_stage_);
  const std::string expected = to_stage_->expected_digest;
  if (generation && !expected.empty() && generation->digest != expected) {
    generation = base::Fail(base::ErrorCode::kFailedPrecondition,
                            "staging.unexpected_digest",
                            "the generation came out as " + generation->digest +
                                ", the plan says " + expected + "; plan again");
  }
  if (!generation) {
    Advance({.event = OperationEvent::kStageFailed,
             .reason = generation.error().reason(),
             .detail = generation.error().message()});
  } else {
    stored_.to = generation->digest;
    Advance({.event = OperationEvent::kStageDone, .reason = "", .detail = ""});
  }
  if (state_ != OperationState::kStaging) {
    to_stage_.reset();
  }
}

void OperationRunner::SwitchToNew() {
  if (const auto prepared = PrepareData(); !prepared) {
    Advance({.event = OperationEvent::kSwitchFailed,
             .reason = prepared.error().reason(),
             .detail = prepared.error().message()});
    return;
  }
  Switch(stored_.to, OperationEvent::kSwitchFailed);
}

// Recorded as our own before the first file is made, so that one who was cut off knows his work.
base::Status OperationRunner::PrepareData() {
  if (!stored_.from.empty()) {
    return base::Ok();
  }
  if (!stored_.made_data) {
    ZW_TRY(host_->CheckDataIsEmpty());
    StoredOperation next = stored_;
    next.made_data = true;
    ZW_TRY(journal_->Save({.operation = &next}));
    stored_ = std::move(next);
  }
  return host_->PrepareData();
}

void OperationRunner::Switch(const std::string& generation, OperationEvent failed) {
  if (const auto switched = host_->SwitchTo(generation); !switched) {
    Advance({.event = failed,
             .reason = switched.error().reason(),
             .detail = switched.error().message()});
    return;
  }
  switched_ = true;
  ZW_FAULT_POINT("agent.after_switch");
}

void OperationRunner::Launch() {
  const base::Status started = host_->Launch();
  const bool may_yet = !started && started.error().Is(base::ErrorCode::kUnavailable);
  if (started || may_yet) {
    ZW_FAULT_POINT("agent.after_launch");
    if (!may_yet || !launched_) {
      launched_ = clock_->BootTime();
    }
    launch_error_ = may_yet ? std::optional(started.error()) : std::nullopt;
    return;
  }
  Advance({.event = state_ == OperationState::kStarting ? OperationEvent::kStartFailed
                                                        : OperationEvent::kOldStartFailed,
           .reason = started.error().reason(),
           .detail = started.error().message()});
}

}  // namespace zoowarden::agent
