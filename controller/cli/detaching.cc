#include "controller/cli/detaching.h"

#include "base/text.h"
#include "controller/cli/confirmed_position.h"
#include "controller/cli/going_on.h"
#include "controller/cli/last_words.h"
#include "controller/run/prepare.h"
#include "controller/run/recorder.h"

#include <chrono>
#include <utility>

namespace zoowarden::controller {
namespace {

using std::chrono::milliseconds;

// Until its first record: it connects to the agents and waits for an earlier lease to lapse.
constexpr milliseconds kPatience{30'000};
constexpr milliseconds kBetweenLooks{100};

struct Detaching {
  std::string run_id;
  std::string ensemble;
  std::string verb;
  bool take_over = false;
  std::uint64_t epoch = 0;  // of the record that the process goes on from
  std::string confirmed;    // where the run stands in it
};

// The flags of this command that decide which ensemble is meant and by whom.
std::vector<std::string> WordsFor(const GlobalFlags& flags, const Detaching& what) {
  std::vector<std::string> words{
      what.verb, what.run_id, "--yes", "--no-color", "--confirmed", what.confirmed};
  const auto meant = WordsOf(flags);
  words.insert(words.end(), meant.begin(), meant.end());
  if (what.take_over) {
    words.emplace_back("--take-over");
  }
  return words;
}

// Whether its own first record, under a higher epoch, is there.
bool HasBegun(Context& context, const Detaching& what) {
  const auto journal = OpenJournalToRead(context, what.ensemble);
  const auto run = journal ? (*journal)->Load(what.run_id) : base::Fail(journal.error());
  return run && run->epoch > what.epoch;
}

base::Status WaitForBeginning(Context& context,
                              const Detaching& what,
                              const Detached& process,
                              const std::filesystem::path& log) {
  auto& clock = context.world().clock;
  const auto since = clock.BootTime();
  while (!HasBegun(context, what)) {
    if (process.ended()) {
      if (HasBegun(context, what)) {
        break;
      }
      return base::Fail(base::ErrorCode::kUnavailable,
                        "run.not_detached",
                        "the process of run " + what.run_id + " ended before it did anything: " +
                            LastWords(log) + "; its log is " + log.native());
    }
    if (clock.BootTime() - since > kPatience) {
      return base::Fail(base::ErrorCode::kDeadlineExceeded,
                        "run.not_heard",
                        "process " + std::to_string(process.pid) + " of run " + what.run_id +
                            " has recorded nothing yet; its log is " + log.native());
    }
    clock.SleepFor(kBetweenLooks);
  }
  return base::Ok();
}

struct Begun {
  Detached process;
  std::filesystem::path log;
};

base::Result<Begun> Begin(Context& context, const Detaching& what) {
  if (const auto plain = CheckRunId(what.run_id); !plain) {
    return base::Fail(plain.error().WithContext("carry it out without --detach"));
  }
  ZW_ASSIGN(const auto state, context.StateDirectory(what.ensemble));
  Begun begun{.log = state / (what.run_id + ".log")};
  ZW_ASSIGN(begun.process,
            context.world().detach({.words = WordsFor(context.flags(), what),
                                    .name = "zoowarden-" + what.run_id,
                                    .log = begun.log}));
  ZW_TRY(WaitForBeginning(context, what, begun.process, begun.log));
  return begun;
}

ExitCode Start(Context& context, const Detaching& what) {
  const auto begun = Begin(context, what);
  if (!begun) {
    const auto code = context.Fail(begun.error());
    context.Say("the run stays open: `zoowarden " + what.verb + " " + what.run_id + "` goes on");
    return code;
  }
  const auto& process = begun->process;
  const auto log = begun->log.native();
  const auto where = process.unit.empty()
                         ? "process " + std::to_string(process.pid) + " in a session of its own"
                         : "unit " + process.unit;
  context.Print(Document::Map({{"schema_version", 1},
                               {"id", what.run_id},
                               {"pid", process.pid},
                               {"unit", Document::TextOrNull(process.unit)},
                               {"log", log}}),
                "run " + what.run_id + " goes on by itself (" + where + ", log " + log + ")\n");
  context.Say("`zoowarden attach " + what.run_id + "` shows it and ends with " +
              (what.verb == GoingOnName(GoingOn::kRollBack) ? "6 when every server is back"
                                                            : "its exit code"));
  return ExitCode::kOk;
}

// The run as it was approved, on a majority of agents and here; nobody holds the ensemble then.
base::Result<RunIdentity> RecordApproved(Context& context, Workplace& workplace, RunStart& start) {
  auto& agents = *workplace.connected.agents;
  ZW_ASSIGN(const auto held, HoldEnsemble(context, workplace, start));
  Recorder recorder(agents, *workplace.journal, context.world().clock, start.sequence);
  auto events = ApprovalOf(start.run);
  events.push_back(
      {"detached",
       {},
       "approved by " + held.identity.holder + ", to be carried out by a process of its own"});
  const auto recorded = recorder.Record(held.identity, start.run, events);
  static_cast<void>(agents.Release(held.identity));
  ZW_TRY(recorded);
  return held.identity;
}

}  // namespace

Option DetachOption(bool& target) {
  return {.name = "--detach",
          .help = "once it is approved, let a process of its own carry the run out",
          .target = &target};
}

ExitCode DetachNew(Context& context, Workplace& workplace, RunStart start) {
  const auto identity = RecordApproved(context, workplace, start);
  if (!identity) {
    return context.Fail(identity.error());
  }
  const auto recorded = FindRun(workplace.journal.get(), nullptr, identity->run_id);
  if (!recorded) {
    return context.Fail(recorded.error());
  }
  return DetachKnown(context, workplace, *recorded, "resume", /*take_over=*/false);
}

ExitCode DetachKnown(Context& context,
                     Workplace& workplace,
                     const KnownRun& run,
                     const std::string& verb,
                     bool take_over) {
  workplace.journal.reset();
  return Start(context,
               {.run_id = run.record.run_id,
                .ensemble = run.file.spec.name,
                .verb = verb,
                .take_over = take_over,
                .epoch = run.record.epoch,
                .confirmed = PositionWord(run)});
}

}  // namespace zoowarden::controller
