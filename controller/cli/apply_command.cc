#include "controller/cli/commands.h"
#include "controller/cli/detaching.h"
#include "controller/cli/driving.h"
#include "controller/cli/plan_file.h"
#include "controller/cli/planning.h"
#include "controller/cli/reporting.h"

#include <memory>
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

struct Approved {
  std::string digest;  // of the plan
  bool detach = false;
};

ExitCode Roll(Context& context, Workplace& workplace, const Planned& planned, Approved approved) {
  auto& world = context.world();
  const auto now = world.clock.WallTime().count();
  auto run = MakeRun(planned.input,
                     {.run_id = MakeRunId(now, world.random()),
                      .kind = planned.approved.kind,
                      .holder = workplace.connected.identity,
                      .created_ms = now,
                      .plan_digest = std::move(approved.digest)});
  const auto run_id = run.state.run_id;
  const auto write = [&] {
    WriteRelease(context, planned.desired.file, planned.input.spec.release);
  };
  RunStart start{.run = std::move(run), .on_success = write};
  if (approved.detach) {
    return DetachNew(context, workplace, std::move(start));
  }
  const auto result = DriveRun(context, workplace, std::move(start));
  return ReportRun(context, workplace, result, {.run_id = run_id});
}

struct ApplyOptions {
  Target target;
  std::optional<std::string> plan_file;
  bool detach = false;
};

// The plan that was named, and the target that it was made for in place of what was typed.
base::Result<std::optional<PlanFile>> ReadNamedPlan(ApplyOptions& options) {
  if (!options.plan_file) {
    return std::optional<PlanFile>();
  }
  if (options.target.allow_outage) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.plan_and_flag",
                      "--allow-outage is part of a plan: give it to `zoowarden plan`");
  }
  ZW_ASSIGN(auto file, ReadPlanFile(*options.plan_file));
  options.target = TargetOf(file.plan);
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

ExitCode ApplyIn(Context& context,
                 Workplace& workplace,
                 Planned planned,
                 const std::optional<PlanFile>& file,
                 bool detach) {
  planned.interrupted = FindInterrupted(workplace.journal.get(), *workplace.connected.agents);
  if (planned.plan.NothingToDo() && (!file || core::IsCarriedOut(file->plan, planned.approved))) {
    context.Print(DocumentOf(planned), TextOf(planned));
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
  const auto confirmed = Confirmed(context, planned);
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    return ExitCode::kError;
  }
  return Roll(context,
              workplace,
              planned,
              {.digest = file ? file->digest : DigestOf(planned), .detach = detach});
}

ExitCode Apply(Context& context, ApplyOptions options) {
  const auto file = ReadNamedPlan(options);
  if (!file) {
    return context.Fail(file.error());
  }
  auto desired = LoadTarget(context, options.target);
  if (!desired) {
    return context.Fail(desired.error());
  }
  if (*file) {
    if (const auto same = CheckEnsembleOf(**file, *options.plan_file, *desired); !same) {
      return context.Fail(same.error());
    }
  }
  auto workplace = OpenWorkplace(context, desired->file);
  if (!workplace) {
    return context.Fail(workplace.error());
  }
  auto planned =
      MakePlanned(context, *workplace->connected.agents, std::move(*desired), options.target);
  return ApplyIn(context, *workplace, std::move(planned), *file, options.detach);
}

}  // namespace

Command ApplyCommand() {
  auto options = std::make_shared<ApplyOptions>();
  return {
      .name = "apply",
      .summary = "make the ensemble what ensemble.yaml says, one server at a time",
      .examples = {{"zoowarden apply", "plan, ask, roll"},
                   {"zoowarden apply --yes", "without asking, for scripts"},
                   {"zoowarden apply plan.json", "exactly the plan that `plan -o json` made"},
                   {"zoowarden apply --detach", "plan, ask, and let the run go on by itself"}},
      .details =
          "Release and configuration that changed together restart each server once. "
          "Typing it again changes nothing. With PLANFILE nothing else than that plan is carried "
          "out: when ensemble.yaml, a plugin's value, a server's generation, the membership or "
          "the leader has moved since, it is refused (exit 5) and says which.",
      .options = {{.name = "PLANFILE",
                   .value_name = "PLANFILE",
                   .help = "a plan that `zoowarden plan -o json` made",
                   .target = &options->plan_file},
                  {.name = "--allow-outage",
                   .help = "with one or two voters: accept that a restart takes the quorum away",
                   .target = &options->target.allow_outage},
                  DetachOption(options->detach)},
      .run = [options](Context& context) { return Apply(context, *options); }};
}

Command UpgradeCommand() {
  auto options = std::make_shared<ApplyOptions>();
  auto flags = TargetOptions(options->target);
  flags.front().required = true;
  flags.push_back(DetachOption(options->detach));
  return {
      .name = "upgrade",
      .summary = "roll the ensemble to a release, one server at a time",
      .examples = {{"zoowarden upgrade --to 3.9.4 --release zk-3.9.4.tar.gz", "plan, ask, roll"},
                   {"zoowarden upgrade --to 3.9.4 --yes", "the archive is beside the old one"}},
      .details =
          "Settings that changed in ensemble.yaml are rolled out in the same restarts. When "
          "the run has succeeded, ensemble.yaml says the new release; after a rollback "
          "it is unchanged.",
      .options = std::move(flags),
      .run = [options](Context& context) { return Apply(context, *options); }};
}

}  // namespace zoowarden::controller
