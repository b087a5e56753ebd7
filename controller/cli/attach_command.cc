#include "controller/cli/commands.h"
#include "controller/cli/connection.h"
#include "controller/cli/desired.h"
#include "controller/cli/event_tail.h"
#include "controller/cli/reporting.h"
#include "controller/run/lease.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace zoowarden::controller {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenLooks{500};
// Looks in a row without a controller and without news before the run counts as left alone: one
// controller may be handing it to the next. After as many that tell nothing a person is told so.
constexpr int kPatience = 4;
// And after so many, a minute, there is nothing to look at.
constexpr int kSilence = 120;

// Whether a controller carries it out now. One holds a majority of the agents: a minority without
// it proves nothing, and those that do not answer neither.
enum class Driven { kYes, kNo, kUnknown };

Driven LookForController(Agents& agents, const std::string& run_id) {
  std::size_t asked = 0;
  std::size_t without = 0;
  for (const auto& answer : agents.GetLeases()) {
    ++asked;
    if (!answer.result) {
      continue;
    }
    if (answer.result->run_id == run_id && answer.result->left.count() > 0) {
      return Driven::kYes;
    }
    ++without;
  }
  return without >= MajorityOf(asked) ? Driven::kNo : Driven::kUnknown;
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

// Looks in a row that told nothing of the run.
class Silence {
 public:
  Silence(Context& context, std::string run_id) : context_(context), run_id_(std::move(run_id)) {}

  base::Status Note(bool told) {
    looks_ = told ? 0 : looks_ + 1;
    const auto few = "too few agents answer to tell what becomes of run " + run_id_;
    if (looks_ == kPatience) {
      context_.Warn(few + "; looking on");
    }
    if (looks_ < kSilence) {
      return base::Ok();
    }
    return base::Fail(base::ErrorCode::kDeadlineExceeded,
                      "run.not_heard",
                      few +
                          ", for a minute; it may go on all the same: see `zoowarden status`, "
                          "then `zoowarden attach " +
                          run_id_ + "` again");
  }

 private:
  Context& context_;
  std::string run_id_;
  int looks_ = 0;
};

// Until it has ended, or nobody carries it out any more.
base::Result<KnownRun> Follow(Context& context, Workplace& workplace, const std::string& run_id) {
  auto& agents = *workplace.connected.agents;
  EventTail tail;
  Silence silence(context, run_id);
  bool known = false;
  for (int alone = 0;;) {
    // Before the record: one that lets go has stored its last words by then.
    const auto driven = LookForController(agents, run_id);
    auto run = FindRun(workplace.journal.get(), &agents, run_id);
    if (!run && !known) {
      return base::Fail(run.error());
    }
    known = true;
    const auto news = run ? tail.Take(*run) : std::vector<RunEvent>();
    for (const auto& event : news) {
      workplace.progress->OnEvent({event.kind, event.server, event.text});
    }
    alone = run && driven == Driven::kNo && news.empty() ? alone + 1 : 0;
    if (run && (run->file.state.phase == core::RunPhase::kEnded || alone == kPatience)) {
      return run;
    }
    ZW_TRY(silence.Note(!news.empty() || (run && driven != Driven::kUnknown)));
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
              "130 when nobody carries it out any more and `zoowarden resume` has to, 9 when for a "
              "minute too few agents answered to tell. Ctrl-C ends the looking on and nothing "
              "else.",
          .options = {{.name = "ID",
                       .value_name = "ID",
                       .help = "the run (default: the newest open one)",
                       .target = run_id.get()}},
          .run = [run_id](Context& context) { return Attach(context, *run_id); }};
}

}  // namespace zoowarden::controller
