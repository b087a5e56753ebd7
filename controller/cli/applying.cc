#include "controller/cli/applying.h"

#include "controller/cli/detaching.h"
#include "controller/cli/driving.h"
#include "controller/cli/plan_file.h"
#include "controller/cli/reporting.h"
#include "controller/cli/rolled_back.h"

#include <ostream>

namespace zoowarden::controller {

namespace {

void ShowPlan(Context& context, const Planned& planned) {
  // With structured output stdout belongs to the document at the end.
  (context.structured() ? context.console().err : context.console().out)
      << TextOf(planned) << std::flush;
}

std::string Question(const Planned& planned) {
  return "restart " + std::to_string(planned.plan.steps.size()) + " servers of ensemble " +
         planned.input.spec.name + "?";
}

ExitCode Roll(Context& context,
              Workplace& workplace,
              const Planned& planned,
              std::string digest,
              bool detach) {
  auto& world = context.world();
  const auto now = world.clock.WallTime().count();
  auto run = MakeRun(planned.input,
                     {.run_id = MakeRunId(now, world.random()),
                      .kind = planned.approved.kind,
                      .holder = workplace.connected.identity,
                      .created_ms = now,
                      .plan_digest = std::move(digest),
                      .edits = planned.desired.edits});
  const auto run_id = run.state.run_id;
  const auto write = [&context, &planned, copy = run] {
    WriteBack(context, planned.desired.file, copy);
  };
  RunStart start{.run = std::move(run), .on_success = write};
  if (detach) {
    return DetachNew(context, workplace, std::move(start));
  }
  const auto result = DriveRun(context, workplace, std::move(start));
  return ReportRun(context, workplace, result, {.run_id = run_id});
}

// The plan that was named, and the target that it was made for in place of what was typed.
base::Result<std::optional<PlanFile>> ReadNamedPlan(Asked& asked) {
  if (!asked.plan_file) {
    return std::optional<PlanFile>();
  }
  if (asked.target.allow_outage) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.plan_and_flag",
                      "--allow-outage is part of a plan: give it to `zoowarden plan`");
  }
  ZW_ASSIGN(auto file, ReadPlanFile(*asked.plan_file));
  asked.target = TargetOf(file.plan);
  return std::optional(std::move(file));
}

base::Status CheckEnsembleOf(const PlanFile& file,
                             const std::string& path,
                             const Desired& desired) {
  if (file.plan.ensemble == desired.spec.name) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "plan.other_ensemble",
                    path + " is a plan of ensemble '" + file.plan.ensemble + "', and " +
                        desired.file.path + " is of '" + desired.spec.name +
                        "'; name that ensemble's file with --ensemble");
}

base::Result<bool> Confirmed(Context& context, const Planned& planned) {
  ZW_ASSIGN(const bool confirmed, context.Confirm(Question(planned)));
  if (!confirmed) {
    context.Say("nothing was changed");
  }
  return confirmed;
}

base::Status RefuseRolledBack(Context& context,
                              Workplace& workplace,
                              const Planned& planned,
                              const Asked& asked) {
  const auto before =
      FindRolledBack(workplace.journal.get(), *workplace.connected.agents, planned.input);
  if (!before) {
    return base::Ok();
  }
  auto error = RolledBackError(*before);
  if (!asked.retry) {
    return base::Fail(std::move(error));
  }
  context.Warn("run " + before->record.run_id +
               " rolled exactly this desired state back: " + before->file.state.outcome_text);
  return base::Ok();
}

ExitCode ApplyIn(Context& context,
                 Workplace& workplace,
                 Planned planned,
                 const std::optional<PlanFile>& file,
                 const Asked& asked) {
  planned.interrupted = FindInterrupted(workplace.journal.get(), *workplace.connected.agents);
  if (planned.plan.NothingToDo() && (!file || core::IsCarriedOut(file->plan, planned.approved))) {
    context.Print(DocumentOf(planned), TextOf(planned));
    // The servers run it already, so ensemble.yaml may say so.
    WriteSettings(context, planned.desired.file, planned.desired.edits);
    return ExitCode::kOk;
  }
  if (file && !planned.interrupted) {
    if (const auto unmoved = RefuseMoved(*file, planned); !unmoved) {
      return context.Fail(unmoved.error());
    }
  }
  ShowPlan(context, planned);
  if (planned.interrupted) {
    return context.Fail(InterruptedError(*planned.interrupted));
  }
  if (!planned.plan.refusals.empty()) {
    return FailRefused(context, planned);
  }
  if (const auto fresh = RefuseRolledBack(context, workplace, planned, asked); !fresh) {
    return context.Fail(fresh.error());
  }
  const auto confirmed = Confirmed(context, planned);
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    return ExitCode::kError;
  }
  return Roll(
      context, workplace, planned, file ? file->digest : DigestOf(planned), asked.detach);
}

}  // namespace

ExitCode Apply(Context& context, Asked asked) {
  const auto file = ReadNamedPlan(asked);
  if (!file) {
    return context.Fail(file.error());
  }
  auto desired = LoadTarget(context, asked.target);
  if (!desired) {
    return context.Fail(desired.error());
  }
  if (*file) {
    if (const auto same = CheckEnsembleOf(**file, *asked.plan_file, *desired); !same) {
      return context.Fail(same.error());
    }
  }
  auto workplace = OpenWorkplace(context, desired->file);
  if (!workplace) {
    return context.Fail(workplace.error());
  }
  auto planned =
      MakePlanned(context, *workplace->connected.agents, std::move(*desired), asked.target);
  if (!planned) {
    return context.Fail(planned.error());
  }
  return ApplyIn(context, *workplace, std::move(*planned), *file, asked);
}

}  // namespace zoowarden::controller
