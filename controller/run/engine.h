// The controller's loop: observe, decide, persist, act, observe. Resuming a run is starting it
// again.
//
// One thread; everything it touches is injected, so the same loop runs against real agents and in a
// single-threaded simulation with virtual time.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "controller/run/checks.h"
#include "controller/run/hooks.h"
#include "controller/run/recorder.h"
#include "controller/run/run_file.h"
#include "controller/run/run_journal.h"
#include "controller/run/write_stream.h"
#include "core/run_decision.h"
#include "sys/clock.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

// What a person sees of a run while it goes on. Called from the engine's thread.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void OnEvent(const core::Event& event) = 0;
  virtual void OnRound(const RunFile& run,
                       const core::Decision& decision,
                       const model::Round& round) = 0;
};

struct EngineDeps {
  Agents& agents;
  RunJournal& journal;
  sys::Clock& clock;
  CheckRunner& checks;
  HookRunner& hooks;
  WriteStream& writes;  // its writes end with Drive
  Progress& progress;
  std::function<bool()> stop_requested = [] { return false; };
  // Who wants it to end there, halted; empty = it is left open.
  std::string aborted_by = {};
  // Called when the run has succeeded and before its record is closed, so that a kill in between
  // leaves a run that `resume` finishes. May be called again.
  std::function<void()> on_success = [] {};
  // Whom this run interrupted, for its record; empty = nobody.
  std::string taken_over = {};
};

struct EngineResult {
  core::RunState state;
  bool interrupted = false;  // stopped at a safe point, the run is open and resumable
};

class Engine {
 public:
  // `sequence` continues the record's numbering, 0 for a new run.
  Engine(EngineDeps deps, RunIdentity identity, RunFile run, std::uint64_t sequence);

  // Until the run has ended or a safe point was reached after stop_requested. Errors: kAborted when
  // another controller took over ("run.fenced"); when for too long no majority of agents could be
  // reached (kUnavailable) or takes this certificate (kPermissionDenied "lease.denied"), soon when
  // a stop is requested meanwhile; the run stays open.
  base::Result<EngineResult> Drive();

  // As it holds the ensemble now: the epoch may have been raised.
  [[nodiscard]] const RunIdentity& identity() const { return identity_; }

 private:
  // A decision whose record is not on a majority, and the events of that record.
  struct Unstored {
    core::Decision decision;
    std::vector<core::Event> events;
  };

  base::Result<EngineResult> DriveOn();
  base::Result<bool> Turn();  // true = ended or interrupted
  void FeedChecks(core::DecisionInput& input);
  void FeedHooks(core::DecisionInput& input);
  void FollowWrites();
  base::Result<bool> StoreAgain();
  base::Status Wait(const base::Error& problem);
  void Adopt(core::Decision& decision);
  [[nodiscard]] bool Over() const;
  void Act(const std::vector<core::Action>& actions);
  base::Status Perform(const core::Action& action);
  base::Status Persist(core::Decision& decision);
  base::Result<bool> HoldsRun();
  base::Result<bool> IsTaken();

  EngineDeps deps_;
  RunIdentity identity_;
  RunFile run_;
  Recorder recorder_;
  core::RunMemory memory_;
  model::Round round_;
  std::vector<core::Event> unsaved_;  // results of actions, stored in the next turn
  std::optional<Unstored> unstored_;
  std::uint64_t call_sequence_ = 0;
  bool checks_wanted_ = false;
  // The gate that the checks were begun for and whose rounds have all wanted them.
  std::string checks_for_;
  std::optional<core::HookCall> hooks_wanted_;
  std::optional<core::HookCall> hooks_called_;  // whose report has not come
  bool interrupted_ = false;
  std::optional<model::Instant> unavailable_since_;
};

}  // namespace zoowarden::controller
