// Carries the one operation of this agent from state to state.
//
// Level-triggered: Step() looks at reality, asks core::DecideStep, commits the next state to the
// journal and only then acts; there is no recovery path, a new runner over the same journal simply
// goes on. Alone it never stops a member that may be serving: that takes a permit, checked again
// right before the signal.
//
// Single-threaded, no thread or sleep of its own: the caller serialises calls and Step() and
// decides how often to step. Host, journal and clock must outlive it.
#pragma once

#include "agent/operation/calls.h"
#include "agent/operation/host.h"
#include "agent/operation/operation_journal.h"
#include "agent/operation/permits.h"
#include "base/error.h"
#include "core/operation_step.h"
#include "core/operation_table.h"
#include "sys/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::agent {

class OperationRunner {
 public:
  // Reads what is stored and gives a state name that this program does not know its safe meaning.
  [[nodiscard]] static base::Result<OperationRunner> Open(ServerHost& host,
                                                          OperationJournal& journal,
                                                          sys::Clock& clock);

  // Calls of the controller. Each checks the fence, returns the recorded outcome when it is a
  // repetition, checks the state table, and returns when its first state is durable; the work goes
  // on in Step(). Refusals by the state are recorded too; refusals by the fence are not.
  base::Result<model::OperationState> Begin(const CallIdentity& call, const BeginRequest& request);
  // Not recorded: a permit lives in memory only.
  base::Result<Permit> RequestPermit(const CallIdentity& call);
  // `permit_id` may be empty when the member is down. From unconfirmed and needs_operator it starts
  // the new generation once more, refused while a process is there (`operation.still_runs`).
  base::Result<model::OperationState> Proceed(const CallIdentity& call,
                                              const std::string& permit_id);
  base::Result<model::OperationState> Commit(const CallIdentity& call);
  base::Result<model::OperationState> RollBack(const CallIdentity& call,
                                               const std::string& permit_id);
  base::Result<model::OperationState> Close(const CallIdentity& call);

  // One iteration. True while something is in flight and Step wants to be called again soon;
  // `unconfirmed` counts, because a member that turns standalone must be noticed there too.
  bool Step();

  [[nodiscard]] model::OperationState state() const { return state_; }
  [[nodiscard]] model::OperationStatus Status() const;
  [[nodiscard]] const StoredOperation& stored() const { return stored_; }
  // The present state as a change, for those who begin to watch.
  [[nodiscard]] StateChange Present() const;
  // Names the process that an operation started, for observations.
  [[nodiscard]] std::string StartedBy(const model::Process& process) const;
  // State changes since the last call, oldest first.
  [[nodiscard]] std::vector<StateChange> TakeChanges();

 private:
  // Why a transition happens: an event with what a person and a program may want to know of it.
  struct Cause {
    core::OperationEvent event;
    std::string reason;
    std::string detail;
  };

  OperationRunner(ServerHost& host,
                  OperationJournal& journal,
                  sys::Clock& clock,
                  StoredOperation stored,
                  model::OperationState state);
  [[nodiscard]] base::Status SettleAfterStart();

  // runner_calls.cc: calls of the controller.
  struct Asked {
    const CallIdentity& call;
    const char* method;
    core::OperationEvent event;
  };
  using Reply = base::Result<model::OperationState>;
  // A reply when the call is refused by the fence, or was answered before.
  [[nodiscard]] std::optional<Reply> AnswerAtOnce(const Asked& asked);
  [[nodiscard]] base::Status CheckTakes(const Asked& asked) const;
  [[nodiscard]] base::Status CheckBegin(const CallIdentity& call, const BeginRequest& request);
  [[nodiscard]] base::Status CheckServerFor(const BeginRequest& request);
  [[nodiscard]] base::Status CheckCommit();
  [[nodiscard]] base::Status CheckRuns(const core::Reality& reality) const;
  [[nodiscard]] static base::Status CheckRemoved(const core::Reality& reality);
  Reply Accept(const Asked& asked, StoredOperation next);
  Reply Refuse(const Asked& asked, const base::Error& error);
  Reply MoveToEnd(const Asked& asked);
  [[nodiscard]] ProcessIdentity ProcessNow();
  [[nodiscard]] base::Status CheckNothingRuns(const Asked& asked);
  Reply MoveWithPermit(const Asked& asked, const std::string& permit_id);

  // runner.cc: the loop.
  void Stage();
  void NoteProved(const core::Reality& reality);
  [[nodiscard]] bool IsProved(const std::optional<model::Process>& process) const;
  [[nodiscard]] core::OperationRecord Record() const;
  [[nodiscard]] core::Reality LookAtServer(const core::OperationRecord& record);
  [[nodiscard]] core::Reality LookAs(LookAt what, const core::OperationRecord& record);
  [[nodiscard]] LookAt WhatToLookAt() const;
  void Do(const core::OperationStep& step,
          const core::OperationRecord& record,
          const core::Reality& reality);
  void Launch();
  void SwitchToNew();
  void Switch(const std::string& generation, core::OperationEvent failed);
  [[nodiscard]] base::Status PrepareData();
  // runner_stop.cc: signals.
  void Stop(const core::OperationRecord& record,
            const model::Process& process,
            const core::OperationStep& step);
  [[nodiscard]] bool MayStillStop(const core::OperationRecord& record,
                                  const model::Process& process);
  void NotSent(const core::OperationRecord& record, bool meant_before, const base::Error& why);
  void Kill(const model::Process& process);
  [[nodiscard]] bool NoteIntent(const model::Process& process);
  void DropIntent();
  // Commits what the event leads to; when the journal refuses, nothing changes and the next Step
  // comes here again.
  void Advance(const Cause& cause, const std::optional<model::Process>& process = std::nullopt);
  [[nodiscard]] StoredOperation AfterEvent(const Cause& cause,
                                           const std::optional<model::Process>& process) const;
  // The one place where a state becomes durable, and then true.
  [[nodiscard]] base::Status Enter(StoredOperation next,
                                   model::OperationState state,
                                   const Cause& cause,
                                   const Asked* asked);

  // Steps come a hundred times a second, and a full disk stays full: the same problem is told once.
  void TellUnrecorded(const std::string& what, const base::Error& why);
  void TellOnce(std::string text);

  ServerHost* host_;
  OperationJournal* journal_;
  sys::Clock* clock_;
  std::string boot_id_;
  StoredOperation stored_;
  model::OperationState state_;
  Permits permits_;
  std::optional<StageRequest> to_stage_;               // lost with the process: staging then fails
  std::optional<std::chrono::milliseconds> launched_;  // in this state, by this process
  std::optional<base::Error> launch_error_;            // and why that one may yet come about
  bool switched_ = false;                              // in this state, by this process
  std::vector<StateChange> changes_;
  std::string told_;  // last, until a record succeeds
};

}  // namespace zoowarden::agent
