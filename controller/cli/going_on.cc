#include "controller/cli/going_on.h"

#include "base/counted.h"
#include "base/text.h"
#include "controller/cli/chosen_run.h"
#include "controller/cli/confirmed_position.h"
#include "controller/cli/desired.h"
#include "controller/cli/detaching.h"
#include "controller/cli/driving.h"
#include "controller/cli/ensemble_writer.h"
#include "controller/cli/record_checks.h"
#include "controller/cli/reporting.h"
#include "controller/cli/run_desired.h"
#include "controller/cli/run_view.h"
#include "controller/cli/write_back.h"
#include "controller/run/prepare.h"
#include "core/run_decision.h"

#include <utility>

namespace zoowarden::controller {

namespace {

bool Stops(GoingOn how) { return how == GoingOn::kPause || how == GoingOn::kAbort; }

// A record must not name programs to run here, and a run must be stopped from anywhere, in haste.
bool StopsWithoutChecks(const RunFile& run, const model::EnsembleSpec& here, GoingOn how) {
  return Stops(how) && run.state.goal == core::RunGoal::kForward && run.spec.checks != here.checks;
}

std::string Question(const KnownRun& run, GoingOn how) {
  const auto what = "run " + run.record.run_id + " (" + DescribeVerb(run.file) + ")";
  switch (how) {
    case GoingOn::kResume:
      return "go on with " + what + "?";
    case GoingOn::kRollBack:
      return "take every server of " + what + " back?";
    case GoingOn::kPause:
      return "pause " + what + " at the next safe point?";
    case GoingOn::kAbort:
      return "end " + what + " at the next safe point, with the servers as they are then?";
  }
  return "";
}

// A run that ended is opened again; one that was interrupted just goes on, in its own direction.
void Direct(RunFile& run, GoingOn how) {
  const bool ended = run.state.phase == core::RunPhase::kEnded;
  if (how == GoingOn::kRollBack) {
    core::Reopen(run.state, core::RunGoal::kBack);
  } else if (ended) {
    core::Reopen(run.state, run.state.goal);
  }
}

// A record comes from agents, so no program is run because a record names it. On the way forward
// other hooks than those of ensemble.yaml are refused; going back must not depend on them.
bool HasOwnHooks(const RunFile& run, const config::LoadedEnsemble& file) {
  return run.spec.hooks == file.spec.hooks;
}

base::Result<EngineResult> Drive(Context& context,
                                 Workplace& workplace,
                                 const KnownRun& run,
                                 const GoingOnOptions& options,
                                 const config::LoadedEnsemble& file) {
  const auto held = [&](RunStart& start) -> base::Status {
    ZW_ASSIGN(const auto now,
              ReadAgain(*workplace.journal, *workplace.connected.agents, run, options.take_over));
    ZW_TRY(CheckWay(now.file.state, options.how));
    start.run.state = now.file.state;
    start.sequence = now.record.sequence;
    Direct(start.run, options.how);
    if (!HasOwnHooks(start.run, file)) {
      start.run.state.hooks.patience.clear();
    }
    return base::Ok();
  };
  const bool aborts = options.how == GoingOn::kAbort;
  NoCheckRunner none;
  return DriveRun(context,
                  workplace,
                  {.run = run.file,
                   .sequence = run.record.sequence,
                   .take_over = options.take_over,
                   .held = held,
                   .on_success = [&] { WriteBack(context, file, run.file); },
                   .checks = StopsWithoutChecks(run.file, file.spec, options.how) ? &none : nullptr,
                   .stops = Stops(options.how),
                   .aborted_by = aborts ? workplace.connected.identity : "",
                   .rollout = options.rollout.value_or("")});
}

// Whoever takes the run from a controller on this machine cannot write to the journal that is still
// in that one's hands: the agents have the record, and it is merged from there later.
base::Result<std::unique_ptr<RunJournal>> OpenJournal(Context& context,
                                                      const std::string& ensemble,
                                                      GoingOn how) {
  auto journal = OpenJournalToWrite(context, ensemble);
  if (!journal && Stops(how) && journal.error().reason() == "journal.in_use") {
    return StoredRunJournal::OpenInMemory();
  }
  return journal;
}

base::Result<KnownRun> Prepare(Context& context,
                               const model::EnsembleSpec& here,
                               Workplace& workplace,
                               const GoingOnOptions& options) {
  auto& agents = *workplace.connected.agents;
  const auto how = options.how;
  ZW_ASSIGN(const auto journal, OpenJournalToRead(context, here.name));
  if (options.take_over) {
    // Whom it cannot write beside, it does not interrupt.
    ZW_ASSIGN(workplace.journal, OpenJournal(context, here.name, how));
    const std::string by = Stops(how) ? std::string(GoingOnName(how)) : "--take-over";
    WarnOfTakeOver(context, agents, journal.get(), by);
  }
  ZW_ASSIGN(auto agreed, ChooseRun(*journal, agents, how, options.run_id));
  for (const auto& text : agreed.differing) {
    context.Warn(text);
  }
  auto& run = agreed.run;
  ZW_TRY(CheckWay(run.file.state, how));
  ZW_TRY(CheckServers(run.file, here));
  if (StopsWithoutChecks(run.file, here, how)) {
    context.Warn(
        "the run was begun with other `checks:` than ensemble.yaml has here: none is run, "
        "and the server that is being changed passes without them");
  }
  // Going back uses what is on the servers, and stopping sends nothing: neither must depend on
  // archives, checks or plugins.
  if (how == GoingOn::kResume && run.file.state.goal == core::RunGoal::kForward) {
    ZW_TRY(CheckRecord(run.file.spec, here));
    ZW_TRY(RestoreSecrets(context, run.file.spec));
  }
  if (!options.take_over) {
    ZW_TRY(RefuseHeld(agents, run.record.run_id));
  }
  if (!options.take_over && !options.check) {
    ZW_ASSIGN(workplace.journal, OpenJournal(context, here.name, how));
  }
  return std::move(run);
}

base::Status CheckAlone(const GoingOnOptions& options) {
  if (!options.check || !(options.detach || options.take_over || options.write_ensemble)) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "usage.check_alone",
                    "--check changes nothing: leave --detach, --take-over and --write-ensemble "
                    "away");
}

ExitCode ReportChecked(Context& context, const KnownRun& run) {
  const auto& state = run.file.state;
  context.Print(RunDocument(run),
                "run " + run.record.run_id + " (" + base::Printable(DescribeVerb(run.file)) + ", " +
                    RunStateText(run) + ") may be gone on with" +
                    (state.goal == core::RunGoal::kBack ? ", on its way back: " : ": ") +
                    std::to_string(state.done.size()) + " of " +
                    base::Counted(state.servers.size(), "server") + " done\n");
  return ExitCode::kOk;
}

bool StoppedAsAsked(GoingOn how, const base::Result<EngineResult>& result) {
  return result && ((how == GoingOn::kPause && result->interrupted) ||
                    (how == GoingOn::kAbort && result->state.outcome_reason == "run.aborted"));
}

ExitCode ReportStopped(Context& context, Workplace& workplace, const core::RunState& state) {
  const auto& id = state.run_id;
  const auto ways =
      "`zoowarden resume " + id + "` goes on" +
      (core::IsRepair(state) ? "" : ", `zoowarden rollback " + id + "` takes every server back");
  const auto text = state.outcome == core::RunOutcome::kRefused
                        ? "run " + id + " is ended: " + state.outcome_text
                    : state.outcome == core::RunOutcome::kHalted
                        ? "run " + id + " is halted: " + state.outcome_text + "; " + ways
                        : "run " + id + " is paused at a safe point; " + ways;
  const auto record = FindRun(workplace.journal.get(), nullptr, id);
  context.Print(record ? RunDocument(*record) : Document(), text + "\n");
  return ExitCode::kOk;
}

ExitCode CarryOut(Context& context,
                  Workplace& workplace,
                  const KnownRun& run,
                  const GoingOnOptions& options,
                  const config::LoadedEnsemble& file) {
  if (options.detach) {
    // The process asks nobody: what it goes on from must be what was confirmed here.
    const auto now =
        ReadAgain(*workplace.journal, *workplace.connected.agents, run, options.take_over);
    return now ? DetachKnown(context,
                             workplace,
                             *now,
                             std::string(GoingOnName(options.how)),
                             options.take_over)
               : context.Fail(now.error());
  }
  const auto result = Drive(context, workplace, run, options, file);
  if (StoppedAsAsked(options.how, result)) {
    return ReportStopped(context, workplace, result->state);
  }
  const auto goal =
      options.how == GoingOn::kRollBack ? core::RunGoal::kBack : core::RunGoal::kForward;
  return ReportRun(context, workplace, result, {.run_id = run.record.run_id, .goal = goal});
}

}  // namespace

std::string_view GoingOnName(GoingOn how) {
  switch (how) {
    case GoingOn::kResume:
      return "resume";
    case GoingOn::kRollBack:
      return "rollback";
    case GoingOn::kPause:
      return "pause";
    case GoingOn::kAbort:
      return "abort";
  }
  return "resume";
}

std::string_view GoingOnPhrase(GoingOn how) {
  return how == GoingOn::kRollBack ? "roll back" : GoingOnName(how);
}

ExitCode GoOn(Context& context, const GoingOnOptions& options) {
  if (const auto plain = options.rollout ? CheckRunId(*options.rollout) : base::Ok(); !plain) {
    return context.Fail(plain.error());
  }
  if (const auto alone = CheckAlone(options); !alone) {
    return context.Fail(alone.error());
  }
  const auto loaded = LoadEnsemble(context);
  if (!loaded) {
    return context.Fail(loaded.error());
  }
  auto opened = ConnectToChange(context, *loaded);
  if (!opened) {
    return context.Fail(opened.error());
  }
  auto run = Prepare(context, loaded->spec, *opened, options);
  if (run && options.confirmed) {
    run = StandingAt(*std::move(run), *options.confirmed);
  }
  if (!run) {
    return context.Fail(run.error());
  }
  if (!Stops(options.how)) {
    TellDesired(context, *run, *loaded);
  }
  if (options.check) {
    return ReportChecked(context, *run);
  }
  const auto& write_to = options.write_ensemble;
  if (const auto may = write_to ? CheckWritable(run->file, *write_to) : base::Ok(); !may) {
    return context.Fail(may.error());
  }
  if (!HasOwnHooks(run->file, *loaded)) {
    context.Warn("the run was begun with other `hooks:` than ensemble.yaml has now: none is told");
  }
  const auto confirmed = context.Confirm(Question(*run, options.how));
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    context.Say("nothing was changed");
    return ExitCode::kError;
  }
  if (const auto written = write_to ? WriteDesired(context, *run, *write_to) : base::Ok();
      !written) {
    return context.Fail(written.error());
  }
  return CarryOut(context, *opened, *run, options, *loaded);
}

}  // namespace zoowarden::controller
