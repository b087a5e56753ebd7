#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/event_tail.h"
#include "controller/cli/reporting.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace zoowarden::controller {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenLooks{500};
// Looks in a row without a controller and without news before the run counts as left alone: one
// controller may be handing it to the next.
constexpr int kPatience = 4;

// Whether a controller carries it out now. Agents that do not answer prove nothing.
enum class Driven { kYes, kNo, kUnknown };

Driven LookForController(Agents& agents, const std::string& run_id) {
  auto driven = Driven::kUnknown;
  for (const auto& answer : agents.GetLeases()) {
    if (!answer.result) {
      continue;
    }
    if (answer.result->run_id == run_id && answer.result->left.count() > 0) {
      return Driven::kYes;
    }
    driven = Driven::kNo;
  }
  return driven;
}

base::Result<std::string> ChooseRun(RunJournal* journal,
                                    Agents& agents,
                                    const std::optional<std::string>& named) {
  if (named) {
    return *named;
  }
  const auto known = CollectRuns(journal, &agents);
  const auto open = std::find_if(
      known.runs.begin(), known.runs.end(), [](const KnownRun& run) { return run.open; });
  if (open == known.runs.end()) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "run.none_open",
                      "no run is open; name one of `zoowarden runs list` to see how it ended");
  }
  return open->record.run_id;
}

// Until it has ended, or nobody carries it out any more.
base::Result<KnownRun> Follow(Context& context, Workplace& workplace, const std::string& run_id) {
  auto& agents = *workplace.connected.agents;
  EventTail tail;
  for (int alone = 0;;) {
    // Before the record: one that lets go has stored its last words by then.
    const auto driven = LookForController(agents, run_id);
    ZW_ASSIGN(auto run, FindRun(workplace.journal.get(), &agents, run_id));
    const auto news = tail.Take(run);
    for (const auto& event : news) {
      workplace.progress->OnEvent({event.kind, event.server, event.text});
    }
    alone = driven == Driven::kNo && news.empty() ? alone + 1 : 0;
    if (run.file.state.phase == core::RunPhase::kEnded || alone == kPatience) {
      return run;
    }
    context.world().clock.SleepFor(kBetweenLooks);
  }
}

ExitCode Attach(Context& context, const std::optional<std::string>& named) {
  const auto loaded = LoadEnsemble(context);
  if (!loaded) {
    return context.Fail(loaded.error());
  }
  auto workplace = ConnectWithProgress(context, *loaded);
  if (!workplace) {
    return context.Fail(workplace.error());
  }
  auto journal = OpenJournalToRead(context, loaded->spec.name);
  if (!journal) {
    return context.Fail(journal.error());
  }
  workplace->journal = *std::move(journal);
  const auto run_id = ChooseRun(workplace->journal.get(), *workplace->connected.agents, named);
  if (!run_id) {
    return context.Fail(run_id.error());
  }
  const auto run = Follow(context, *workplace, *run_id);
  if (!run) {
    return context.Fail(run.error());
  }
  return ReportEnding(context, run->file.state, *run, core::RunGoal::kForward);
}

}  // namespace

Command AttachCommand() {
  auto run_id = std::make_shared<std::optional<std::string>>();
  return {.name = "attach",
          .summary = "show a run that a controller carries out elsewhere, until it ends",
          .examples = {{"zoowarden attach", "the newest open run"},
                       {"zoowarden attach 20261122-140501-3f9a", "from any machine"}},
          .details =
              "Ends with the exit code of the run: 0 succeeded, 6 rolled back, 7 stuck, 10 halted, "
              "130 when nobody carries it out any more and `zoowarden resume` has to. Ctrl-C ends "
              "the looking on and nothing else.",
          .options = {{.name = "ID",
                       .value_name = "ID",
                       .help = "the run (default: the newest open one)",
                       .target = run_id.get()}},
          .run = [run_id](Context& context) { return Attach(context, *run_id); }};
}

}  // namespace zoowarden::controller
