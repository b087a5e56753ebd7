#include "controller/cli/reporting.h"

#include "base/text.h"
#include "controller/cli/impact_view.h"
#include "controller/cli/run_view.h"
#include "controller/cli/times.h"

#include <chrono>

namespace zoowarden::controller {

namespace {

struct Ending {
  ExitCode code;
  std::string next;  // what a person can do; empty = nothing is left to do
};

// A run that settles one server is not gone on with: its command is given again.
std::string NextOfSettling(const core::Settlement& settlement) {
  const auto server = ToString(settlement.server);
  return "mend what the message names, look at `zoowarden status`, then give `zoowarden server " +
         std::string(SettleVerbName(settlement.verb)) + " " + server +
         "` again or another way out of `zoowarden help server`";
}

// A repair has no way back, and another one may begin at once.
std::string NextOfRepair(const core::RunState& state) {
  return "mend what the message names, then `zoowarden repair` starts what is down, on another "
         "generation with --by; `zoowarden runs show " +
         state.run_id +
         "` has the whole story, `zoowarden help server` the ways out for one server";
}

Ending EndingOfRun(const core::RunState& state) {
  const auto& id = state.run_id;
  switch (state.outcome) {
    case core::RunOutcome::kSucceeded:
      return {ExitCode::kOk, ""};
    case core::RunOutcome::kRolledBack:
      return {ExitCode::kRolledBack, "`zoowarden runs show " + id + "` says what went wrong"};
    case core::RunOutcome::kHalted:
      return {ExitCode::kHalted,
              "`zoowarden status` names every server; then `zoowarden resume " + id +
                  "` goes on or `zoowarden rollback " + id + "` goes back"};
    case core::RunOutcome::kStuck:
      return {ExitCode::kStuck,
              "mend what the message names, then `zoowarden rollback " + id +
                  "` tries again; `zoowarden runs show " + id +
                  "` has the whole story, `zoowarden help server` the ways out for one server"};
    case core::RunOutcome::kRefused:
      return {ExitCode::kRefused, "mend what the message names and try again"};
    case core::RunOutcome::kNone:
      break;
  }
  return {ExitCode::kInterrupted, "`zoowarden resume " + id + "` goes on"};
}

Ending EndingOf(const core::RunState& state) {
  auto ending = EndingOfRun(state);
  if (state.settlement && ending.code != ExitCode::kOk) {
    ending.next = NextOfSettling(*state.settlement);
  }
  if (core::IsRepair(state) &&
      (ending.code == ExitCode::kHalted || ending.code == ExitCode::kStuck)) {
    ending.next = NextOfRepair(state);
  }
  return ending;
}

// The outcome as an error object, so that scripts find every failure in the same place.
Document OutcomeError(const core::RunState& state, const Ending& ending, const std::string& text) {
  return Document::Map({{"code", ending.code == ExitCode::kInterrupted ? "cancelled" : "aborted"},
                        {"reason",
                         state.outcome_reason.empty() ? Document("run.interrupted")
                                                      : Document(state.outcome_reason)},
                        {"message", text},
                        {"exit_code", static_cast<int>(ending.code)},
                        {"next", Document::TextOrNull(ending.next)}});
}

std::string Phrase(core::RunOutcome outcome) {
  switch (outcome) {
    case core::RunOutcome::kSucceeded:
      return "succeeded";
    case core::RunOutcome::kRolledBack:
      return "was rolled back";
    case core::RunOutcome::kHalted:
      return "halted";
    case core::RunOutcome::kStuck:
      return "is stuck";
    case core::RunOutcome::kRefused:
      return "was refused";
    case core::RunOutcome::kNone:
      break;
  }
  return "ended";
}

std::string OutcomeText(const core::RunState& state, const base::Result<KnownRun>& record) {
  const auto name = "run " + state.run_id;
  if (state.phase != core::RunPhase::kEnded) {
    return name + " was interrupted at a safe point" + (state.settlement ? "" : " and stays open");
  }
  std::string took;
  if (record && !record->record.events.empty()) {
    took = " after " + DurationText(std::chrono::milliseconds(record->record.events.back().time_ms -
                                                              record->file.created_ms));
  }
  const auto felt = ImpactText(state);
  return name + " " + Phrase(state.outcome) + took + ": " +
         base::Printable(state.outcome_text, 4'000) + (felt.empty() ? "" : "; clients: " + felt);
}

}  // namespace

ExitCode ReportRun(Context& context,
                   Workplace& workplace,
                   const base::Result<EngineResult>& result,
                   const RunAsked& asked) {
  const auto& run_id = asked.run_id;
  const auto record = FindRun(workplace.journal.get(), nullptr, run_id);
  if (!result) {
    const auto code = context.Fail(result.error());
    const auto& reason = result.error().reason();
    if (reason == "run.fenced" || reason == "record.fenced") {
      // Whoever has it may have closed it by now; the record here does not know.
      context.Say("`zoowarden runs show " + run_id + "` says what becomes of it");
    } else if (record && record->open && reason != "run.moved") {
      // One that never got as far as its first record is not there to go on with, and what became
      // of one that moved is said.
      context.Say("the run stays open: `zoowarden resume " + run_id + "` goes on");
    }
    return code;
  }
  return ReportEnding(context, result->state, record, asked.goal);
}

ExitCode ReportEnding(Context& context,
                      const core::RunState& state,
                      const base::Result<KnownRun>& record,
                      core::RunGoal asked) {
  const auto ending = EndingOf(state);
  const auto text = OutcomeText(state, record);
  const bool as_asked = asked == core::RunGoal::kBack && ending.code == ExitCode::kRolledBack;
  if (ending.code == ExitCode::kOk || as_asked) {
    context.Print(record ? RunDocument(*record) : Document(), text + "\n");
    return ExitCode::kOk;
  }
  context.Say("error: " + text);
  context.Say("next: " + ending.next);
  if (context.structured()) {
    auto document = record ? RunDocument(*record) : Document::Map({{"schema_version", 1}});
    document.Set("error", OutcomeError(state, ending, text));
    context.Print(document, "");
  }
  return ending.code;
}

}  // namespace zoowarden::controller
