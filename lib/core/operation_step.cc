#include "core/operation_step.h"

namespace zoowarden::core {
namespace {

using model::Instant;
using model::IsServing;
using model::Mode;
using model::OperationState;

constexpr const char* kRestarted = "start.restarted";
constexpr const char* kNotVouchedFor = "start.not_vouched_for";
constexpr const char* kTwoProcesses = "start.two_processes";
constexpr const char* kStartHidden = "start.processes_hidden";
constexpr const char* kStopHidden = "stop.processes_hidden";

OperationStep Wait() { return {}; }
OperationStep Act(OperationAct act) { return {.event = std::nullopt, .act = act}; }
OperationStep Emit(OperationEvent event) { return {.event = event}; }
OperationStep Emit(OperationEvent event, std::string reason, std::string detail) {
  return {.event = event,
          .act = OperationAct::kNone,
          .reason = std::move(reason),
          .detail = std::move(detail)};
}

std::string Describe(const model::Process& process) {
  return "process " + std::to_string(process.pid) +
         (process.generation.empty() ? " of a foreign installation"
                                     : " of generation " + process.generation);
}

// SIGTERM was sent: wait for the real exit, SIGKILL after the operation's own patience.
OperationStep AwaitExit(const OperationRecord& record,
                        const Reality& reality,
                        Instant now,
                        OperationEvent failed) {
  const auto waited = now - *reality.stop_signalled;
  if (waited < record.stop_timeout) {
    return Wait();
  }
  if (waited < record.stop_timeout + kKillPatience) {
    return Act(OperationAct::kKill);
  }
  return Emit(failed,
              "stop.survived_kill",
              Describe(*reality.process) +
                  " outlives SIGKILL; look at the disk and the kernel's log that it waits for");
}

// SIGTERM may have been sent, by an earlier life of the agent or without an answer. What still
// serves may be on its way out.
bool MayBeDying(const OperationRecord& record, const Reality& reality, Instant now) {
  return reality.stop_intended && now - *reality.stop_intended < SignalDoubt(record);
}

std::string DescribeSeveral(const model::Process& process) {
  return Describe(process) + " is not the only one on the data directory; end the other one";
}

bool Names(const Reality& reality, const std::string& generation) {
  return reality.current_problem.empty() && reality.current == generation;
}

// Pointing `current` anew mends one that cannot be read; once, or there would be no end.
OperationStep Switch(const Reality& reality, OperationAct act, OperationEvent failed) {
  const bool in_vain = reality.switched && !reality.current_problem.empty();
  return in_vain ? Emit(failed, "switch.current_unreadable", reality.current_problem) : Act(act);
}

// What is hidden for a moment is waited for: another ZooKeeper may just be starting or ending.
OperationStep WhileHidden(const Reality& reality,
                          Instant now,
                          OperationEvent failed,
                          const char* reason) {
  const bool a_moment = reality.hidden_since && now - *reality.hidden_since < kHiddenPatience;
  return a_moment ? Wait() : Emit(failed, reason, Hidden(reality));
}

// A first installation has nothing to stop: whoever serves the data directory is somebody else's.
OperationStep LeaveToItsOwner(const model::Process& process) {
  return Emit(OperationEvent::kPermitRefused,
              "start.other_process",
              Describe(process) +
                  " serves the data directory of this first installation; it was left as it is");
}

OperationStep Stopping(const OperationRecord& record, const Reality& reality, Instant now) {
  if (reality.process && record.from.empty()) {
    return LeaveToItsOwner(*reality.process);
  }
  if (!reality.process) {
    return reality.processes_visible
               ? Emit(OperationEvent::kStopped)
               : WhileHidden(reality, now, OperationEvent::kStopFailed, kStopHidden);
  }
  if (reality.stop_signalled) {
    return AwaitExit(record, reality, now, OperationEvent::kStopFailed);
  }
  if (reality.several) {
    return Emit(OperationEvent::kPermitRefused, kTwoProcesses, DescribeSeveral(*reality.process));
  }
  if (reality.permit_valid) {
    // Stopped, it could not be started again.
    return reality.processes_visible
               ? Act(OperationAct::kSignalStop)
               : Emit(OperationEvent::kPermitRefused, kStopHidden, Hidden(reality));
  }
  // Wait for either end of a process that is on its way out.
  const bool serves = reality.member_looked && IsServing(reality.mode);
  if (MayBeDying(record, reality, now) || (!serves && now < record.deadline)) {
    return Wait();
  }
  return Emit(OperationEvent::kPermitRefused,
              "permit.expired",
              serves ? "the permit to stop this member expired before it could be used; the member "
                       "was left serving"
                     : "the permit to stop this member expired before it could be used; the member "
                       "was not seen to serve and was left as it is");
}

OperationStep Switching(const OperationRecord& record, const Reality& reality, Instant now) {
  if (reality.process) {
    return Emit(OperationEvent::kSwitchFailed,
                "switch.process_appeared",
                Describe(*reality.process) +
                    " was started while this server was stopped; end what started it");
  }
  if (!reality.processes_visible) {
    return WhileHidden(reality, now, OperationEvent::kSwitchFailed, kStartHidden);
  }
  return Names(reality, record.to)
             ? Emit(OperationEvent::kSwitched)
             : Switch(reality, OperationAct::kSwitchToNew, OperationEvent::kSwitchFailed);
}

// With a reason: it runs, and does not count as started by the operation. Of the old generation any
// process will do.
OperationStep ItsProcess(const Reality& reality, Instant now, OperationEvent started) {
  if (reality.restart == Restart::kNone || started == OperationEvent::kOldStarted) {
    return Emit(started);
  }
  if (reality.restart == Restart::kBySupervisor) {
    return Emit(started, kRestarted, reality.restart_text);
  }
  const bool may_still_answer = reality.launched && now - *reality.launched < kLaunchPatience;
  return may_still_answer ? Wait() : Emit(started, kNotVouchedFor, reality.restart_text);
}

// Shared by the new and the old generation: one process of `wanted` must come to exist; where
// nothing is wanted, none may.
OperationStep Launching(const std::string& wanted,
                        const Reality& reality,
                        Instant now,
                        OperationEvent started,
                        OperationEvent failed) {
  if (reality.process) {
    if (reality.several) {
      return Emit(failed, kTwoProcesses, DescribeSeveral(*reality.process));
    }
    if (wanted.empty() || reality.process->generation != wanted) {
      return Emit(failed,
                  "start.other_process",
                  Describe(*reality.process) +
                      " already serves the data directory; end it and what started it");
    }
    return ItsProcess(reality, now, started);
  }
  if (!reality.processes_visible) {
    return WhileHidden(reality, now, failed, kStartHidden);
  }
  if (wanted.empty()) {
    return Emit(started);
  }
  if (!reality.launched) {
    return Act(OperationAct::kLaunch);
  }
  if (now - *reality.launched < kLaunchPatience) {
    // The process that has just ended may still be giving its lock back, or another launch is under
    // way: the lock decides, so trying again is safe.
    return reality.launch_error ? Act(OperationAct::kLaunch) : Wait();
  }
  return reality.launch_error
             ? Emit(failed, reality.launch_error->reason(), reality.launch_error->message())
             : Emit(failed,
                    "start.no_process",
                    "ZooKeeper was started and no process stayed; look into its logs");
}

OperationStep Verifying(const OperationRecord& record, const Reality& reality, Instant now) {
  if (reality.process && reality.mode == Mode::kStandalone) {
    return Emit(OperationEvent::kStandalone,
                "start.standalone",
                "the server runs standalone and would acknowledge writes alone; look at its server "
                "lines");
  }
  if (now < record.deadline || record.state == OperationState::kUnconfirmed) {
    return Wait();
  }
  const bool down = !record.to.empty() && IsDown(record, reality, now);
  const OperationEvent event =
      down ? OperationEvent::kDeadlineDown : OperationEvent::kDeadlineNotDown;
  if (reality.several) {
    return Emit(event, kTwoProcesses, DescribeSeveral(*reality.process));
  }
  if (reality.restart == Restart::kBySupervisor) {
    return Emit(event, kRestarted, reality.restart_text);
  }
  if (!down) {
    return Emit(event,
                "verify.unconfirmed",
                "the deadline passed without the controller's word; the server was left as it is");
  }
  return Emit(event,
              "verify.deadline",
              reality.process
                  ? "the server did not join the quorum before its deadline; look into its logs"
                  : "the server's process ended before its deadline; look into its logs");
}

OperationStep RollingBack(const OperationRecord& record, const Reality& reality, Instant now) {
  if (!reality.process && !reality.processes_visible) {
    return WhileHidden(reality, now, OperationEvent::kRestoreFailed, kStopHidden);
  }
  // Processes that are none of ours have no generation; neither has the other side of a first
  // installation or of a removal.
  const auto runs = [&reality](const std::string& generation) {
    return reality.process && !generation.empty() && reality.process->generation == generation;
  };
  if (!reality.process || runs(record.from)) {
    return Names(reality, record.from)
               ? Emit(OperationEvent::kOldRestored)
               : Switch(reality, OperationAct::kSwitchToOld, OperationEvent::kRestoreFailed);
  }
  if (!runs(record.to)) {
    return Emit(
        OperationEvent::kRestoreFailed,
        "rollback.other_process",
        Describe(*reality.process) + " serves the data directory; end it and what started it");
  }
  if (reality.stop_signalled) {
    return AwaitExit(record, reality, now, OperationEvent::kRestoreFailed);
  }
  if (reality.mode == Mode::kStandalone) {
    return Act(OperationAct::kSignalStop);
  }
  if (reality.several) {
    return Emit(OperationEvent::kRestoreFailed, kTwoProcesses, DescribeSeveral(*reality.process));
  }
  if (reality.permit_valid || IsDown(record, reality, now)) {
    return reality.processes_visible
               ? Act(OperationAct::kSignalStop)
               : WhileHidden(reality, now, OperationEvent::kRestoreFailed, kStopHidden);
  }
  if (MayBeDying(record, reality, now)) {
    return Wait();
  }
  return Emit(OperationEvent::kPermitRefused,
              "permit.expired",
              "the permit to stop this member expired before it could be used; the member was left "
              "as it is");
}

// The old generation serves alone: it is stopped and stays stopped. Starting it again would have it
// serve alone again, and there is no other generation left to try.
OperationStep StopOldStandalone(const OperationRecord& record,
                                const Reality& reality,
                                Instant now) {
  constexpr const char* kReason = "rollback.standalone";
  if (!reality.process && reality.processes_visible) {
    return Emit(
        OperationEvent::kOldStandalone,
        kReason,
        "the old generation ran standalone and would have acknowledged writes alone; it was "
        "stopped and is not started again: look at its server lines, then roll back once "
        "more");
  }
  if (reality.process && reality.stop_signalled) {
    OperationStep step = AwaitExit(record, reality, now, OperationEvent::kOldStandalone);
    if (step.event) {
      step.detail +=
          ": the old generation runs standalone and acknowledges writes alone; end it by "
          "hand";
    }
    return step;
  }
  if (reality.process && reality.mode == Mode::kStandalone) {
    return {.event = std::nullopt,
            .act = OperationAct::kSignalStop,
            .reason = kReason,
            .detail = "the old generation runs standalone and would acknowledge writes alone"};
  }
  if (now < record.deadline) {
    return Wait();
  }
  return Emit(
      OperationEvent::kOldStandalone,
      kReason,
      "the old generation ran standalone and may still acknowledge writes alone: " +
          (reality.process ? Describe(*reality.process) + " has not exited" : Hidden(reality)) +
          "; stop it by hand and look at its server lines, then roll back once more");
}

// It ended since its start, as one does that was accepted while it was on its way out. Tried as
// often as the deadline allows.
OperationStep StartAgain(const Reality& reality, Instant now) {
  const bool waits =
      reality.launched && !reality.launch_error && now - *reality.launched < kLaunchPatience;
  return waits ? Wait() : Act(OperationAct::kLaunch);
}

OperationStep VerifyingOld(const OperationRecord& record, const Reality& reality, Instant now) {
  const bool is_old = reality.process && reality.process->generation == record.from;
  if (record.from.empty() ? IsRemoved(reality) : is_old && ServesInQuorum(reality)) {
    return Emit(OperationEvent::kOldProved);
  }
  if (reality.stop_intended ||
      (is_old && !record.from.empty() && reality.mode == Mode::kStandalone)) {
    return StopOldStandalone(record, reality, now);
  }
  if (now >= record.deadline && reality.several) {
    return Emit(OperationEvent::kOldDeadline, kTwoProcesses, DescribeSeveral(*reality.process));
  }
  if (now >= record.deadline) {
    return Emit(OperationEvent::kOldDeadline,
                "rollback.deadline",
                "the old generation did not serve before its deadline either; look into its logs");
  }
  const bool ended = IsRemoved(reality) && Names(reality, record.from);
  return ended ? StartAgain(reality, now) : Wait();
}

}  // namespace

OperationStep DecideStep(const OperationRecord& record, const Reality& reality, Instant now) {
  switch (record.state) {
    case OperationState::kIdle:
    case OperationState::kStaging:
    case OperationState::kStaged:
    case OperationState::kCommitted:
    case OperationState::kRolledBack:
    case OperationState::kNeedsOperator:
      return Wait();
    case OperationState::kStopping:
      return Stopping(record, reality, now);
    case OperationState::kSwitching:
      return Switching(record, reality, now);
    case OperationState::kStarting:
      return Launching(
          record.to, reality, now, OperationEvent::kStarted, OperationEvent::kStartFailed);
    case OperationState::kVerifying:
    case OperationState::kUnconfirmed:
      return Verifying(record, reality, now);
    case OperationState::kRollingBack:
      return RollingBack(record, reality, now);
    case OperationState::kRestartingOld:
      return Launching(
          record.from, reality, now, OperationEvent::kOldStarted, OperationEvent::kOldStartFailed);
    case OperationState::kVerifyingOld:
      return VerifyingOld(record, reality, now);
  }
  return Wait();
}

}  // namespace zoowarden::core
