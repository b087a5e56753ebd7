// Carries a run out at a command line: one controller at a time, progress on stderr, Ctrl-C at safe
// points.
#pragma once

#include "base/error.h"
#include "controller/cli/command.h"
#include "controller/cli/connection.h"
#include "controller/cli/context.h"
#include "controller/cli/run_records.h"
#include "controller/run/engine.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace zoowarden::controller {

// Everything that a command which changes things needs, in the order in which it is opened.
struct Workplace {
  std::unique_ptr<Progress> progress;  // outlives the agents, who tell it of uploads and steps
  Connected connected;
  std::unique_ptr<RunJournal> journal;
};

// Progress and agents, no journal yet, for any certificate: the agents judge what it may.
[[nodiscard]] base::Result<Workplace> ConnectWithProgress(Context& context,
                                                          const config::LoadedEnsemble& file);
// The same for operators only; refused: another role (kPermissionDenied "pki.not_an_operator").
[[nodiscard]] base::Result<Workplace> ConnectToChange(Context& context,
                                                      const config::LoadedEnsemble& file);
// Who holds an ensemble for a run: of one life of one controller, so that a second one on the same
// machine, with the same certificate, is another holder.
[[nodiscard]] std::string HolderOf(Context& context,
                                   const std::string& identity,
                                   const std::string& run_id);
// What its name ends with where it is a command of a fleet's rollout; empty for no rollout.
[[nodiscard]] std::string OfRollout(const std::string& rollout);
// --rollout
[[nodiscard]] Option RolloutOption(std::optional<std::string>& rollout);
// kAborted "lease.held" names the controller that holds the ensemble; `own_run` is not another.
[[nodiscard]] base::Status RefuseHeld(Agents& agents, const std::string& own_run);
// Before a person is asked: whom `what` ("--take-over", "pause") interrupts, in which run, and how
// far that has come. Says nothing when nobody holds the ensemble.
void WarnOfTakeOver(Context& context, Agents& agents, RunJournal* journal, const std::string& what);
// All of it for a new run; also refused: another zoowarden on this machine ("journal.in_use").
[[nodiscard]] base::Result<Workplace> OpenWorkplace(Context& context,
                                                    const config::LoadedEnsemble& file);

struct RunStart {
  RunFile run;
  std::uint64_t sequence = 0;  // of the record it goes on from
  bool take_over = false;
  // Once the ensemble is held, before anything else: the last look at what was read without
  // holding it. May change `run` and `sequence`; an error lets the ensemble go.
  std::function<base::Status(RunStart& start)> held = [](RunStart&) { return base::Ok(); };
  std::function<void()> on_success = [] {};
  CheckRunner* checks = nullptr;  // in place of the world's; not owned
  bool stops = false;             // at the first safe point, as on Ctrl-C
  std::string aborted_by = {};    // not empty: and ends there, as halted
  std::string rollout = {};       // of the fleet whose command this is; empty = a person's
};

struct HeldEnsemble {
  RunIdentity identity;
  std::string taken_over;  // whom that interrupted, for the record; empty = nobody
};
// Acquires the ensemble for the run and takes the last look, `start.held`.
[[nodiscard]] base::Result<HeldEnsemble> HoldEnsemble(Context& context,
                                                      Workplace& workplace,
                                                      RunStart& start);

// Acquires the ensemble, drives the run to an end or a safe point and lets the ensemble go.
[[nodiscard]] base::Result<EngineResult> DriveRun(Context& context,
                                                  Workplace& workplace,
                                                  RunStart start);

}  // namespace zoowarden::controller
