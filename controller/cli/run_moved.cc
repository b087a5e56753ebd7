// What happened to a run between the look at it and the epoch.
#include "base/text.h"
#include "controller/cli/run_records.h"
#include "controller/cli/times.h"
#include "controller/run/lease.h"

#include <algorithm>
#include <tuple>

namespace zoowarden::controller {
namespace {

auto Position(const RunRecord& record) { return std::tuple(record.epoch, record.sequence); }

// " by zoowarden://lab/operator ... at 2026-11-22T14:05:01Z", from the events of the record.
std::string ByWhomAndWhen(const RunRecord& record) {
  const auto who = LastControllerOf(record);
  const auto by = who.empty() ? "" : " by " + who;
  return record.events.empty()
             ? by
             : by + ", last at " +
                   Timestamp(std::chrono::milliseconds(record.events.back().time_ms));
}

base::Error Moved(const KnownRun& now) {
  const auto& state = now.file.state;
  const auto ended = std::string(RunOutcomeName(state.outcome));
  const auto what = state.phase == core::RunPhase::kEnded ? " has ended meanwhile as " + ended
                                                          : " has gone on meanwhile";
  return {base::ErrorCode::kFailedPrecondition,
          "run.moved",
          "run " + now.record.run_id + what + ByWhomAndWhen(now.record) +
              "; nothing was changed, look at `zoowarden runs show " + now.record.run_id + "`"};
}

// A controller that is taken over goes on until then; in which direction was confirmed.
bool WentOnAsConfirmed(const KnownRun& confirmed, const KnownRun& now) {
  const auto& before = confirmed.file.state;
  const auto& after = now.file.state;
  return before.phase != core::RunPhase::kEnded && after.phase != core::RunPhase::kEnded &&
         before.goal == after.goal;
}

}  // namespace

base::Status CheckMajority(const std::string& what, std::size_t answered, std::size_t asked) {
  if (answered >= MajorityOf(asked)) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kUnavailable,
                    "run.no_majority",
                    what + " is known by " + std::to_string(answered) + " of " +
                        std::to_string(asked) + " agents only and " +
                        std::to_string(MajorityOf(asked)) +
                        " are needed; start or reach the others");
}

base::Result<KnownRun> ReadAgain(RunJournal& journal,
                                 Agents& agents,
                                 const KnownRun& confirmed,
                                 bool take_over) {
  const auto& run_id = confirmed.record.run_id;
  const auto known = CollectRuns(&journal, &agents);
  const auto what = "what has become of run " + run_id + " meanwhile";
  ZW_TRY(CheckMajority(what, known.answered, known.asked));
  ZW_ASSIGN(auto agreed, FindAgreedRun(journal, agents, run_id));
  ZW_TRY(CheckMajority(what, agreed.answered, agreed.asked));
  auto& now = agreed.run;
  const bool open = std::any_of(known.runs.begin(), known.runs.end(), [&](const KnownRun& run) {
    return run.open && run.record.run_id == run_id;
  });
  const bool same = Position(now.record) == Position(confirmed.record);
  ZW_ASSIGN(const auto approved, DecodeRun(confirmed.record.state_json));
  if (!open || ApprovedPart(now.file) != ApprovedPart(approved) ||
      !(same || (take_over && WentOnAsConfirmed(confirmed, now)))) {
    return base::Fail(Moved(now));
  }
  // What the agents' copies know is known here from now on.
  ZW_TRY(journal.Save(now.record));
  return std::move(now);
}

}  // namespace zoowarden::controller
