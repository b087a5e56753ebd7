#include "controller/cli/fleet_rolling.h"

#include "base/counted.h"
#include "base/text.h"
#include "controller/cli/error_output.h"
#include "controller/cli/fleet_children.h"
#include "controller/cli/fleet_planning.h"
#include "controller/cli/table.h"
#include "controller/cli/times.h"
#include "controller/fleet/fleet_driver.h"
#include "controller/fleet/fleet_outcome.h"
#include "controller/run/prepare.h"

#include <algorithm>
#include <ostream>
#include <utility>

namespace zoowarden::controller {

namespace {

struct OpenFleet {
  config::LoadedFleet fleet;
  FleetStore store;
  std::optional<FleetRecord> record;  // of the last rollout
};

base::Result<OpenFleet> Open(Context& context, const std::optional<std::string>& file) {
  ZW_ASSIGN(auto fleet, LoadFleet(context, file));
  ZW_ASSIGN(const auto directory, FleetDirectory(context, fleet.name));
  ZW_ASSIGN(auto store, FleetStore::Own(directory));
  ZW_ASSIGN(auto record, store.Load());
  return OpenFleet{
      .fleet = std::move(fleet), .store = std::move(store), .record = std::move(record)};
}

std::string Names(const FleetRecord& record, bool (*which)(core::EnsembleState)) {
  std::vector<std::string> names;
  std::size_t count = 0;
  for (const auto& entry : record.ensembles) {
    if (which(entry.state) && ++count <= 5) {
      names.push_back(entry.ensemble);
    }
  }
  return base::Join(names, ", ") +
         (count > names.size() ? " and " + std::to_string(count - names.size()) + " more" : "");
}

std::size_t Count(const FleetRecord& record, bool (*which)(core::EnsembleState)) {
  std::size_t count = 0;
  for (const auto& entry : record.ensembles) {
    count += which(entry.state) ? 1 : 0;
  }
  return count;
}

bool Waits(core::EnsembleState state) { return state == core::EnsembleState::kWaiting; }

// nullopt: every ensemble is as it should be.
std::optional<base::Error> ErrorOf(const FleetRecord& record,
                                   const config::LoadedFleet& fleet,
                                   FleetEnd end) {
  const auto what = "rollout " + record.rollout + " of fleet " + record.fleet;
  const auto failed = Count(record, core::HasFailed);
  const auto whose =
      base::Counted(failed, "ensemble") + " failed (" + Names(record, core::HasFailed) + ")";
  if (end == FleetEnd::kInterrupted) {
    return base::Error(base::ErrorCode::kCancelled,
                       "fleet.interrupted",
                       what + " was interrupted; `zoowarden fleet resume` goes on with it");
  }
  if (end == FleetEnd::kHalted) {
    return base::Error(
        base::ErrorCode::kAborted,
        "fleet.halted",
        what + " is halted: " + whose + ", the error budget is " +
            std::to_string(fleet.policy.error_budget) +
            ", not begun: " + std::to_string(Count(record, Waits)) +
            "; mend what failed, then `zoowarden fleet resume --retry` tries it "
            "again and goes on (or raise policy.error_budget and `zoowarden fleet resume`)");
  }
  if (failed > 0) {
    return base::Error(base::ErrorCode::kAborted,
                       "fleet.some_failed",
                       what + " has ended: " + whose +
                           ", within the error budget; mend what failed, then `zoowarden fleet "
                           "resume --retry` tries it again");
  }
  return std::nullopt;
}

Document RolloutDocument(Context& context, const OpenFleet& open, const std::string& outcome) {
  const auto& record = *open.record;
  Document ensembles{Document::List()};
  for (std::size_t i = 0; i < record.ensembles.size(); ++i) {
    const auto& entry = record.ensembles[i];
    const auto log = open.store.LogOf(record.rollout, entry.ensemble);
    const auto path = log ? *log : std::filesystem::path();
    ensembles.Add(Document::Map(
        {{"ensemble", entry.ensemble},
         {"wave", WaveOf(open.fleet, i)},
         {"state", core::EnsembleStateName(entry.state)},
         {"run", Document::TextOrNull(entry.run_id)},
         {"exit_code", entry.exit_code ? Document(*entry.exit_code) : Document()},
         {"verified", entry.verified},
         {"message", Document::TextOrNull(entry.message)},
         {"next",
          Document::TextOrNull(NextOf(entry, TypedFlags(context, open.fleet.ensembles[i]), path))},
         {"log", entry.began_ms == 0 ? Document() : Document(path.native())}}));
  }
  return Document::Map({{"schema_version", 1},
                        {"fleet", record.fleet},
                        {"rollout", record.rollout},
                        {"verb", record.verb},
                        {"to", Document::TextOrNull(record.to)},
                        {"outcome", outcome},
                        {"failed", Count(record, core::HasFailed)},
                        {"error_budget", open.fleet.policy.error_budget},
                        {"ensembles", std::move(ensembles)}});
}

std::string RolloutText(Context& context, const OpenFleet& open) {
  const auto& record = *open.record;
  Table table({"WAVE", "ENSEMBLE", "STATE", "RUN"});
  std::string next;
  for (std::size_t i = 0; i < record.ensembles.size(); ++i) {
    const auto& entry = record.ensembles[i];
    table.Add({WaveOf(open.fleet, i),
               entry.ensemble,
               std::string(core::EnsembleStateName(entry.state)),
               entry.run_id});
    const auto log = open.store.LogOf(record.rollout, entry.ensemble);
    const auto step = NextOf(
        entry, TypedFlags(context, open.fleet.ensembles[i]), log ? *log : std::filesystem::path());
    if (core::HasFailed(entry.state)) {
      next += "\n" + entry.ensemble + ": " + base::Printable(entry.message, 1'000) +
              "\n  next: " + step;
    }
  }
  return table.ToText() + next + (next.empty() ? "" : "\n");
}

std::string OutcomeName(FleetEnd end) {
  switch (end) {
    case FleetEnd::kEnded:
      return "ended";
    case FleetEnd::kHalted:
      return "halted";
    case FleetEnd::kInterrupted:
      break;
  }
  return "interrupted";
}

ExitCode Report(Context& context, const OpenFleet& open, FleetEnd end) {
  auto document = RolloutDocument(context, open, OutcomeName(end));
  const auto error = ErrorOf(*open.record, open.fleet, end);
  if (error) {
    document.Set("error", *ErrorDocument(*error).Find("error"));
  }
  context.Print(document, RolloutText(context, open));
  if (!error) {
    context.Say("rollout " + open.record->rollout +
                " has ended: every ensemble is as it should be");
    return ExitCode::kOk;
  }
  context.SayError(*error);
  return ExitCodeOf(*error);
}

ExitCode Carry(Context& context, OpenFleet& open, bool goes_on, bool retry) {
  FleetChildren children(context, open.fleet, *open.record, open.store);
  auto& world = context.world();
  FleetDriver driver(
      {.fleet = open.fleet,
       .record = *open.record,
       .runs = children,
       .clock = world.clock,
       .new_run_id = [&world] { return MakeRunId(world.clock.WallTime().count(), world.random()); },
       .save = [&open](const FleetRecord& record) { return open.store.Save(record); },
       .say = [&context](const std::string& line) { context.Say(line); },
       .stop_requested = world.watch_interrupt(kFleetInterrupted)});
  if (goes_on) {
    if (const auto known = driver.Reconcile(retry); !known) {
      return context.Fail(known.error());
    }
  }
  const auto end = driver.Drive();
  if (!end) {
    context.Say("what runs goes on by itself; `zoowarden fleet resume` looks on again");
    return context.Fail(end.error());
  }
  return Report(context, open, *end);
}

base::Status RefuseOpen(const OpenFleet& open, bool leave_open) {
  if (!open.record || open.record->closed || leave_open) {
    return base::Ok();
  }
  return base::Fail(
      base::ErrorCode::kFailedPrecondition,
      "fleet.rollout_open",
      "rollout " + open.record->rollout + " (" + open.record->verb +
          ") of this fleet is not over, waiting: " + std::to_string(Count(*open.record, Waits)) +
          ", failed: " + std::to_string(Count(*open.record, core::HasFailed)) +
          "; `zoowarden fleet resume` goes on with it, `--leave-open` begins "
          "another one instead");
}

// A rollout that was open and has no successor whose record takes the place of its own: closed, it
// would still be there for `fleet resume --retry`.
base::Status Leave(Context& context, const OpenFleet& open) {
  if (!open.record || open.record->closed) {
    return base::Ok();
  }
  ZW_TRY(open.store.Forget());
  context.Say("rollout " + open.record->rollout + " is forgotten");
  return base::Ok();
}

base::Status RefuseBeyondBudget(const config::LoadedFleet& fleet, const FleetPlan& plan) {
  if (plan.bad <= fleet.policy.error_budget) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    "fleet.beyond_budget",
                    "refused, nothing was touched: " + base::Counted(plan.bad, "ensemble") +
                        " without a plan that can be carried out, and the error budget is " +
                        std::to_string(fleet.policy.error_budget) +
                        "; mend what their problems name");
}

void ShowPlan(Context& context, const config::LoadedFleet& fleet, const FleetPlan& plan) {
  (context.structured() ? context.console().err : context.console().out)
      << FleetPlanText(context, fleet, plan) << std::flush;
}

// By --retry: as the driver does it, by what its own run came to.
EnsembleQuestion QuestionOfRetry(std::size_t index, const FleetEntry& entry, EnsembleRuns& runs) {
  const auto run =
      entry.run_id.empty() ? std::nullopt : runs.Look(index, entry.run_id, /*agents=*/true);
  if (run && StateOf(*run) == core::EnsembleState::kSucceeded) {
    return {.asked = false};  // somebody brought it to a good end
  }
  return {.run_id = run && run->open ? entry.run_id : ""};
}

// What is to be begun, as it would be now: files may have been edited since, and fleet.yaml may
// name ensembles that it did not. What is not in order is only looked at again.
FleetPlan PlanAgain(Context& context, const OpenFleet& open, bool retry) {
  const auto& record = *open.record;
  FleetTarget target{.allow_outage = record.allow_outage, .retry = retry};
  if (!record.to.empty()) {
    target.to = record.to;
  }
  if (!record.release.empty()) {
    target.release = record.release;
  }
  FleetChildren children(context, open.fleet, record, open.store);
  std::vector<EnsembleQuestion> questions;
  for (const auto& entry : record.ensembles) {
    const bool again =
        retry && core::HasFailed(entry.state) && entry.state != core::EnsembleState::kUnhealthy;
    questions.push_back(again ? QuestionOfRetry(questions.size(), entry, children)
                              : EnsembleQuestion{.asked = Waits(entry.state)});
  }
  return MakeFleetPlan(context, open.fleet, target, questions);
}

// What a person has been shown and said yes to.
void Approve(const FleetPlan& plan, FleetRecord& record) {
  for (std::size_t i = 0; i < record.ensembles.size(); ++i) {
    const auto& one = plan.ensembles[i];
    auto& entry = record.ensembles[i];
    entry.approved = one.asked ? one.desired : entry.approved;
  }
}

FleetRecord NewRecord(Context& context,
                      const config::LoadedFleet& fleet,
                      const FleetRollOptions& options) {
  const auto now = context.world().clock.WallTime().count();
  FleetRecord record{.fleet = fleet.name,
                     .rollout = MakeRunId(now, context.world().random()),
                     .verb = options.verb,
                     .to = options.target.to.value_or(""),
                     .release = ArchiveWord(options.target.release),
                     .allow_outage = options.target.allow_outage,
                     .created_ms = now};
  for (const auto& ensemble : fleet.ensembles) {
    record.ensembles.push_back({.ensemble = ensemble.file.spec.name});
  }
  return record;
}

}  // namespace

ExitCode BeginRollout(Context& context, const FleetRollOptions& options) {
  auto open = Open(context, options.file);
  if (!open) {
    return context.Fail(open.error());
  }
  if (const auto free = RefuseOpen(*open, options.leave_open); !free) {
    return context.Fail(free.error());
  }
  const auto plan = MakeFleetPlan(context, open->fleet, options.target);
  ShowPlan(context, open->fleet, plan);
  if (const auto good = RefuseBeyondBudget(open->fleet, plan); !good) {
    return context.Fail(good.error());
  }
  if (plan.to_change == 0 && plan.bad == 0) {
    if (const auto left = Leave(context, *open); !left) {
      return context.Fail(left.error());
    }
    context.Print(FleetPlanDocument(context, open->fleet, plan),
                  "nothing to do: no server of the fleet is to be restarted\n");
    return ExitCode::kOk;
  }
  const auto confirmed =
      context.Confirm(options.verb + " " + base::Counted(plan.to_change, "ensemble") +
                      " of fleet " + open->fleet.name + "?");
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    context.Say("nothing was changed");
    return ExitCode::kError;
  }
  open->record = NewRecord(context, open->fleet, options);
  Approve(plan, *open->record);
  if (const auto saved = open->store.Save(*open->record); !saved) {
    return context.Fail(saved.error());
  }
  context.Say("rollout " + open->record->rollout + " of fleet " + open->fleet.name + " begins");
  return Carry(context, *open, /*goes_on=*/false, /*retry=*/false);
}

ExitCode ResumeRollout(Context& context, const FleetResumeOptions& options) {
  auto open = Open(context, options.file);
  if (!open) {
    return context.Fail(open.error());
  }
  if (!open->record || (open->record->closed && !options.retry)) {
    return context.Fail({base::ErrorCode::kNotFound,
                         "fleet.none_open",
                         "no rollout of fleet " + open->fleet.name +
                             " is open on this machine; `zoowarden fleet upgrade --to VERSION` or "
                             "`zoowarden fleet apply` begins one, and does nothing where every "
                             "server is as it should be"});
  }
  if (const auto fits = FitRecord(open->fleet, *open->record); !fits) {
    return context.Fail(fits.error());
  }
  const auto plan = PlanAgain(context, *open, options.retry);
  if (std::any_of(
          plan.ensembles.begin(), plan.ensembles.end(), [](auto& one) { return one.asked; })) {
    ShowPlan(context, open->fleet, plan);
  }
  const auto waiting = Count(*open->record, Waits);
  const auto confirmed =
      context.Confirm("go on with rollout " + open->record->rollout + " (" + open->record->verb +
                      (open->record->to.empty() ? "" : " to " + open->record->to) + "), in which " +
                      base::Counted(waiting, "ensemble") + (waiting == 1 ? " waits?" : " wait?"));
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    context.Say("nothing was changed");
    return ExitCode::kError;
  }
  open->record->closed = false;
  Approve(plan, *open->record);
  return Carry(context, *open, /*goes_on=*/true, options.retry);
}

}  // namespace zoowarden::controller
