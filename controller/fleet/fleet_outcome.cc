#include "controller/fleet/fleet_outcome.h"

#include "controller/cli/exit_codes.h"

namespace zoowarden::controller {
namespace {

using core::EnsembleState;

bool Is(const std::optional<int>& code, ExitCode wanted) {
  return code == static_cast<int>(wanted);
}

std::string Ended(const CommandEnd& end) {
  return end.last_words.empty()
             ? "its command ended with exit code " + std::to_string(end.exit_code.value_or(-1))
             : end.last_words;
}

EnsembleEnd WithoutRun(const CommandEnd& end) {
  if (Is(end.exit_code, ExitCode::kOk)) {
    return {EnsembleState::kNothingToDo, ""};
  }
  // Before anything was recorded nothing was touched.
  if (end.stopping || !end.exit_code) {
    return {EnsembleState::kWaiting, ""};
  }
  const bool refused = Is(end.exit_code, ExitCode::kRefused) ||
                       Is(end.exit_code, ExitCode::kUsage) ||
                       Is(end.exit_code, ExitCode::kDenied) || Is(end.exit_code, ExitCode::kHeld);
  return {refused ? EnsembleState::kRefused : EnsembleState::kFailed, Ended(end)};
}

// What a person has stopped or took over is never gone on with here: who was fenced off looks on,
// and nobody goes on after that, also where the person's own command broke off.
EnsembleEnd OfOpenRun(const CommandEnd& end) {
  const auto& run = *end.run;
  if (end.stopping) {
    return {EnsembleState::kOpen, ""};
  }
  const bool fenced =
      Is(end.exit_code, ExitCode::kHeld) || Is(end.exit_code, ExitCode::kInterrupted);
  const bool taken = fenced || !run.by_another.empty();
  if (taken && run.held && !run.left_open && !end.looked_on) {
    return {.state = EnsembleState::kOpen, .others = true};
  }
  if (taken || end.looked_on || run.left_open) {
    return {EnsembleState::kFailed,
            (run.left_open ? "paused by " : "taken over by ") +
                (run.by_another.empty() ? "somebody else" : run.by_another) + ", run " +
                run.run_id + " is open"};
  }
  if (end.resumptions_left > 0) {
    return {EnsembleState::kOpen, ""};
  }
  return {EnsembleState::kFailed, "run " + run.run_id + " broke off, and is open: " + Ended(end)};
}

}  // namespace

EnsembleState StateOf(const RunSeen& run) {
  if (!run.ended) {
    return EnsembleState::kOpen;
  }
  switch (run.outcome) {
    case core::RunOutcome::kSucceeded:
      return EnsembleState::kSucceeded;
    case core::RunOutcome::kRolledBack:
      return EnsembleState::kRolledBack;
    case core::RunOutcome::kHalted:
      return EnsembleState::kHalted;
    case core::RunOutcome::kStuck:
      return EnsembleState::kStuck;
    case core::RunOutcome::kRefused:
      return EnsembleState::kRefused;
    case core::RunOutcome::kNone:
      break;
  }
  return EnsembleState::kFailed;
}

EnsembleEnd EndOf(const CommandEnd& end) {
  if (!end.run) {
    return WithoutRun(end);
  }
  if (!end.run->ended) {
    return OfOpenRun(end);
  }
  const auto state = StateOf(*end.run);
  return {state, core::HasFailed(state) ? end.run->text : ""};
}

}  // namespace zoowarden::controller
