#include "controller/cli/chosen_run.h"

#include "model/discovery.h"

#include <algorithm>

namespace zoowarden::controller {

namespace {

// Of a run that has succeeded.
std::string WayBack(const core::RunState& state) {
  if (state.outcome != core::RunOutcome::kSucceeded || state.servers.empty()) {
    return "";
  }
  const auto& server = state.servers.front();
  if (server.origin.version == server.target.version) {
    return "; to go back, put the old settings back in ensemble.yaml and `zoowarden apply`";
  }
  const bool adopted = server.origin.release_sha512 == model::kAdoptedRelease;
  return "; to go back, roll the old release: `zoowarden upgrade --to " +
         server.origin.version.ToString() +
         (adopted ? " --release adopted`" : " --release ARCHIVE`");
}

base::Error NoneOpen(GoingOn how, const KnownRuns& known) {
  auto text = "no run is open, there is nothing to " + std::string(GoingOnPhrase(how));
  if (how == GoingOn::kRollBack) {
    // The newest that was about the ensemble and not one server, or those that were down.
    const auto last = std::find_if(known.runs.begin(), known.runs.end(), [](const KnownRun& run) {
      const auto& state = run.file.state;
      return !state.settlement && !core::IsRepair(state) &&
             state.outcome != core::RunOutcome::kRefused;
    });
    text += last == known.runs.end() ? std::string() : WayBack(last->file.state);
  }
  return {base::ErrorCode::kNotFound, "run.none_open", std::move(text)};
}

base::Error NotOpen(const KnownRun& run, GoingOn how) {
  const auto& state = run.file.state;
  if (state.settlement) {
    return {base::ErrorCode::kFailedPrecondition,
            "run.settles",
            "run " + run.record.run_id + " only settled server " +
                ToString(state.settlement->server) + "; to do that again give `zoowarden " +
                run.file.kind + " " + ToString(state.settlement->server) + "`"};
  }
  auto text = "run " + run.record.run_id + " is closed (" +
              std::string(RunOutcomeName(state.outcome)) + ")";
  if (state.phase != core::RunPhase::kEnded) {
    text = "run " + run.record.run_id +
           " never began, its record reached too few agents, or a later run took its place";
  }
  return {base::ErrorCode::kFailedPrecondition,
          "run.closed",
          text + (how == GoingOn::kRollBack
                      ? WayBack(state)
                      : ", there is nothing to " + std::string(GoingOnPhrase(how)))};
}

base::Error NotUnderWay(const core::RunState& state, GoingOn how) {
  const auto& id = state.run_id;
  return {base::ErrorCode::kFailedPrecondition,
          "run.not_under_way",
          "run " + id + " is " + std::string(RunOutcomeName(state.outcome)) +
              ", nothing of it is under way that one could " + std::string(GoingOnName(how)) +
              "; `zoowarden resume " + id + "` goes on with it, `zoowarden rollback " + id +
              "` goes back"};
}

}  // namespace

base::Status CheckWay(const core::RunState& state, GoingOn how) {
  if (how == GoingOn::kRollBack && state.phase == core::RunPhase::kClosing &&
      state.outcome == core::RunOutcome::kSucceeded) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "run.succeeded",
                      "run " + state.run_id +
                          " has succeeded and only has to be closed, which `zoowarden resume " +
                          state.run_id + "` does" + WayBack(state));
  }
  if (how == GoingOn::kRollBack && core::IsRepair(state)) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "run.no_way_back",
                      "run " + state.run_id +
                          " repairs members that were down: there is nothing to go back to. "
                          "`zoowarden resume " +
                          state.run_id + "` goes on, `zoowarden abort " + state.run_id +
                          "` ends it, and `zoowarden repair --by previous` starts one that is down "
                          "on what it had before");
  }
  const bool stops = how == GoingOn::kPause || how == GoingOn::kAbort;
  if (stops && state.phase == core::RunPhase::kEnded) {
    return base::Fail(NotUnderWay(state, how));
  }
  return base::Ok();
}

base::Result<AgreedRun> ChooseRun(RunJournal& journal,
                                  Agents& agents,
                                  GoingOn how,
                                  const std::optional<std::string>& named) {
  const auto known = CollectRuns(&journal, &agents);
  const auto found = std::find_if(known.runs.begin(), known.runs.end(), [&](const KnownRun& run) {
    return named ? run.record.run_id == *named : run.open;
  });
  if (found == known.runs.end()) {
    if (named) {
      ZW_TRY(FindRun(&journal, &agents, *named));  // says that there is none
    }
    return base::Fail(NoneOpen(how, known));
  }
  if (!found->open) {
    return base::Fail(NotOpen(*found, how));
  }
  return FindAgreedRun(journal, agents, found->record.run_id);
}

}  // namespace zoowarden::controller
