#include "agent/operation/runner.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;
using core::OperationEvent;
using model::OperationState;

constexpr std::chrono::milliseconds kDefaultStepTimeout{300'000};
constexpr std::chrono::milliseconds kMostStopTimeout{60'000};
constexpr std::chrono::milliseconds kLeastStopTimeout{1'000};

}  // namespace

std::optional<OperationRunner::Reply> OperationRunner::AnswerAtOnce(const Asked& asked) {
  const auto fence = journal_->LoadFence();
  if (!fence) {
    return Reply(tl::unexpect, fence.error());
  }
  if (const auto allowed = CheckFence(*fence, asked.call.run); !allowed) {
    return Reply(tl::unexpect, allowed.error());
  }
  const auto recorded = journal_->FindOutcome(asked.call);
  if (!recorded) {
    return Reply(tl::unexpect, recorded.error());
  }
  if (!recorded->has_value()) {
    return std::nullopt;
  }
  const RecordedOutcome& outcome = **recorded;
  if (outcome.method != asked.method) {
    return Reply(tl::unexpect,
                 base::Error(ErrorCode::kInvalidArgument,
                             "call.sequence_reused",
                             "sequence " + std::to_string(asked.call.sequence) + " of operation " +
                                 asked.call.operation_id + " was a " + outcome.method +
                                 "; call with the next sequence"));
  }
  return outcome.error ? Reply(tl::unexpect, *outcome.error) : Reply(outcome.state);
}

base::Status OperationRunner::CheckTakes(const Asked& asked) const {
  if (asked.call.operation_id != stored_.operation_id) {
    return Fail(ErrorCode::kFailedPrecondition,
                "operation.unknown",
                "this agent's operation is '" + stored_.operation_id + "', not '" +
                    asked.call.operation_id + "'; look at 'zoowarden status' and plan again");
  }
  if (!core::NextState(state_, asked.event)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "operation.wrong_state",
                "operation " + stored_.operation_id + " is " + stored_.state +
                    " and does not take " + asked.method + "; look at 'zoowarden status'");
  }
  return base::Ok();
}

OperationRunner::Reply OperationRunner::Refuse(const Asked& asked, const base::Error& error) {
  const auto saved = journal_->Save(
      {.call = &asked.call,
       .outcome = RecordedOutcome{.method = asked.method, .error = error, .state = state_}});
  return saved ? Reply(tl::unexpect, error) : Reply(tl::unexpect, saved.error());
}

OperationRunner::Reply OperationRunner::Accept(const Asked& asked, StoredOperation next) {
  const OperationState state = *core::NextState(state_, asked.event);
  next.epoch = asked.call.run.epoch;
  ZW_TRY(
      Enter(std::move(next),
            state,
            {.event = asked.event, .reason = "", .detail = "asked by run " + asked.call.run.run_id},
            &asked));
  return state;
}

OperationRunner::Reply OperationRunner::Begin(const CallIdentity& call,
                                              const BeginRequest& request) {
  const Asked asked{.call = call, .method = "begin", .event = OperationEvent::kBegin};
  if (auto answer = AnswerAtOnce(asked)) {
    return *answer;
  }
  if (const auto checked = CheckBegin(call, request); !checked) {
    return Refuse(asked, checked.error());
  }
  StoredOperation next;
  next.operation_id = call.operation_id;
  next.run_id = call.run.run_id;
  next.kind = request.kind;
  next.from = request.from_generation;
  next.step_timeout = request.step_timeout.count() > 0 ? request.step_timeout : kDefaultStepTimeout;
  // Half of the step at most, so that a member which ignores SIGTERM leaves time to start again.
  next.stop_timeout = std::clamp(next.step_timeout / 2, kLeastStopTimeout, kMostStopTimeout);
  next.started = stored_.started;
  next.started_by = stored_.started_by;
  next.made_data = stored_.made_data;
  auto reply = Accept(asked, std::move(next));
  if (reply) {
    to_stage_ = request.stage;
    permits_.Drop();
  }
  return reply;
}

base::Status OperationRunner::CheckBegin(const CallIdentity& call, const BeginRequest& request) {
  if (request.kind != kRestartKind && request.kind != kRemoveKind) {
    return Fail(ErrorCode::kInvalidArgument,
                "operation.unknown_kind",
                "this agent knows operations of kind 'restart' and 'remove', not '" + request.kind +
                    "'; update the agent");
  }
  if (call.operation_id.empty() || call.operation_id == stored_.operation_id) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "operation.id_reused",
        "a new operation needs an id of its own, not '" + call.operation_id + "'; make a new one");
  }
  if (!core::NextState(state_, OperationEvent::kBegin)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "operation.in_progress",
                "operation " + stored_.operation_id + " of run " + stored_.run_id + " is " +
                    stored_.state + "; commit, roll back or close it first");
  }
  // What is on the server already is a run's way back, too, which is never closed; and a removal
  // brings nothing.
  if (request.kind == kRestartKind && request.stage.existing_generation.empty()) {
    ZW_TRY(host_->CheckMayBegin());
  }
  return CheckServerFor(request);
}

base::Status OperationRunner::CheckServerFor(const BeginRequest& request) {
  const core::Reality reality = host_->Look(Record(), LookAt::kProcess);
  if (!reality.current_problem.empty()) {
    return Fail(ErrorCode::kDataLoss, "operation.current_unreadable", reality.current_problem);
  }
  if (reality.current != request.from_generation) {
    return Fail(ErrorCode::kFailedPrecondition,
                "operation.other_generation",
                "generation '" + reality.current + "' is current, the plan was made for '" +
                    request.from_generation + "'; plan again");
  }
  if (!request.from_generation.empty()) {
    return base::Ok();
  }
  if (request.kind == kRemoveKind) {
    return Fail(ErrorCode::kFailedPrecondition,
                "remove.nothing_installed",
                "no generation is current on this server, so there is nothing to remove; plan "
                "again");
  }
  if (reality.process) {
    return Fail(ErrorCode::kFailedPrecondition,
                "install.process_runs",
                "process " + std::to_string(reality.process->pid) +
                    " serves the data directory; a first installation takes an unused one");
  }
  return stored_.made_data ? base::Ok() : host_->CheckDataIsEmpty();
}

ProcessIdentity OperationRunner::ProcessNow() {
  const core::Reality reality = host_->Look(Record(), LookAt::kProcess);
  return reality.process ? ProcessIdentity::Of(*reality.process) : ProcessIdentity{};
}

base::Result<Permit> OperationRunner::RequestPermit(const CallIdentity& call) {
  ZW_ASSIGN(const Fence fence, journal_->LoadFence());
  ZW_TRY(CheckFence(fence, call.run));
  const OperationEvent wanted =
      state_ == OperationState::kStaged ? OperationEvent::kProceed : OperationEvent::kRollBack;
  ZW_TRY(CheckTakes({.call = call, .method = "a permit", .event = wanted}));
  const ProcessIdentity process = ProcessNow();
  return permits_.Issue(call, process, clock_->BootTime());
}

// Nothing may run where the new generation is started once more, outside the way that begins with a
// stop, and where a start that nobody has judged is forgotten.
base::Status OperationRunner::CheckNothingRuns(const Asked& asked) {
  const bool again = asked.event == OperationEvent::kProceed && state_ != OperationState::kStaged;
  const bool unjudged =
      asked.event == OperationEvent::kClose &&
      (state_ == OperationState::kVerifying || state_ == OperationState::kUnconfirmed);
  if (!again && !unjudged) {
    return base::Ok();
  }
  const core::Reality reality = host_->Look(Record(), LookAt::kProcess);
  if (reality.process) {
    return Fail(ErrorCode::kFailedPrecondition,
                "operation.still_runs",
                "process " + std::to_string(reality.process->pid) +
                    " still serves the data directory; end it first, or roll back");
  }
  if (!reality.processes_visible) {
    return Fail(ErrorCode::kFailedPrecondition, "start.processes_hidden", core::Hidden(reality));
  }
  return base::Ok();
}

OperationRunner::Reply OperationRunner::Proceed(const CallIdentity& call,
                                                const std::string& permit_id) {
  return MoveWithPermit({.call = call, .method = "proceed", .event = OperationEvent::kProceed},
                        permit_id);
}

OperationRunner::Reply OperationRunner::RollBack(const CallIdentity& call,
                                                 const std::string& permit_id) {
  return MoveWithPermit({.call = call, .method = "roll_back", .event = OperationEvent::kRollBack},
                        permit_id);
}

OperationRunner::Reply OperationRunner::MoveWithPermit(const Asked& asked,
                                                       const std::string& permit_id) {
  if (auto answer = AnswerAtOnce(asked)) {
    return *answer;
  }
  if (const auto takes = CheckTakes(asked); !takes) {
    return Refuse(asked, takes.error());
  }
  if (const auto down = CheckNothingRuns(asked); !down) {
    return Refuse(asked, down.error());
  }
  const ProcessIdentity process = ProcessNow();
  const auto now = clock_->BootTime();
  if (permit_id.empty()) {
    permits_.Drop();
  } else if (const auto presented = permits_.Present(asked.call, permit_id, process, now);
             !presented) {
    return Refuse(asked, presented.error());
  }
  StoredOperation next = stored_;
  if (asked.event == OperationEvent::kProceed) {
    next.deadline = now + next.step_timeout;
    next.proved = false;
    next.failure.clear();
    next.failure_reason.clear();
  }
  if (state_ == OperationState::kNeedsOperator) {
    next.transitions = 0;  // a person, or a new run, has looked at it
  }
  return Accept(asked, std::move(next));
}

// Committed means that it is as it was to be. Whether it serves is the controller's to say.
base::Status OperationRunner::CheckCommit() {
  const core::Reality reality = host_->Look(Record(), LookAt::kProcess);
  if (!reality.current_problem.empty() || reality.current != stored_.to) {
    return Fail(ErrorCode::kFailedPrecondition,
                "commit.not_current",
                (reality.current_problem.empty() ? "generation '" + reality.current + "' is current"
                                                 : reality.current_problem) +
                    ", not '" + stored_.to + "' of this operation; retry it, or roll back");
  }
  return stored_.to.empty() ? CheckRemoved(reality) : CheckRuns(reality);
}

base::Status OperationRunner::CheckRuns(const core::Reality& reality) const {
  if (reality.several) {
    return Fail(ErrorCode::kFailedPrecondition,
                "start.two_processes",
                "process " + std::to_string(reality.process->pid) +
                    " is not the only one on the data directory; end the other one");
  }
  if (!reality.process || reality.process->generation != stored_.to) {
    return Fail(ErrorCode::kFailedPrecondition,
                "commit.not_running",
                "no process of generation '" + stored_.to +
                    "' serves the data directory; retry the operation, or roll back");
  }
  return base::Ok();
}

base::Status OperationRunner::CheckRemoved(const core::Reality& reality) {
  if (core::IsRemoved(reality)) {
    return base::Ok();
  }
  return Fail(ErrorCode::kFailedPrecondition,
              "remove.process_runs",
              (reality.process ? "process " + std::to_string(reality.process->pid) +
                                     " serves the data directory"
                               : std::string("this agent may not see whether a process serves the "
                                             "data directory")) +
                  ", so the server is not removed; end it, or roll back");
}

// Commit and close: the operation has ended, and with it what went wrong on the way.
OperationRunner::Reply OperationRunner::MoveToEnd(const Asked& asked) {
  if (auto answer = AnswerAtOnce(asked)) {
    return *answer;
  }
  if (const auto takes = CheckTakes(asked); !takes) {
    return Refuse(asked, takes.error());
  }
  if (const auto down = CheckNothingRuns(asked); !down) {
    return Refuse(asked, down.error());
  }
  StoredOperation next = stored_;
  if (asked.event == OperationEvent::kCommit) {
    if (const auto as_wanted = CheckCommit(); !as_wanted) {
      return Refuse(asked, as_wanted.error());
    }
    next.made_data = false;
  }
  next.failure.clear();
  next.failure_reason.clear();
  auto reply = Accept(asked, std::move(next));
  if (reply) {
    to_stage_.reset();
    permits_.Drop();
  }
  return reply;
}

OperationRunner::Reply OperationRunner::Commit(const CallIdentity& call) {
  return MoveToEnd({.call = call, .method = "commit", .event = OperationEvent::kCommit});
}

OperationRunner::Reply OperationRunner::Close(const CallIdentity& call) {
  return MoveToEnd({.call = call, .method = "close", .event = OperationEvent::kClose});
}

}  // namespace zoowarden::agent
