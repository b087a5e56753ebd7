#include "controller/cli/applying.h"

#include "base/counted.h"
#include "controller/cli/approval.h"
#include "controller/cli/detaching.h"
#include "controller/cli/driving.h"
#include "controller/cli/plan_file.h"
#include "controller/cli/repairing.h"
#include "controller/cli/reporting.h"
#include "controller/cli/rolled_back.h"
#include "controller/cli/write_back.h"
#include "controller/run/desired_values.h"

#include <algorithm>
#include <ostream>

namespace zoowarden::controller {

namespace {

void ShowPlan(Context& context, const Planned& planned) {
  // With structured output stdout belongs to the document at the end.
  (context.structured() ? context.console().err : context.console().out)
      << TextOf(planned) << std::flush;
}

std::string Question(const Planned& planned) {
  if (planned.input.scope == core::PlanScope::kRepair) {
    std::string servers;
    for (const auto& step : planned.plan.steps) {
      servers += (servers.empty() ? "server " : ", ") + ToString(step.server);
    }
    return "start " + servers + " of ensemble " + planned.input.spec.name + "?";
  }
  return "restart " + base::Counted(planned.plan.steps.size(), "server") + " of ensemble " +
         planned.input.spec.name + "?";
}

// What is carried out, and what of it the records are asked about.
struct Order {
  const Planned& planned;
  const std::optional<PlanFile>& file;
  const Asked& asked;
};

struct Consent {
  std::string plan_digest;
  std::optional<RunApproval> approval;
  bool detach = false;
};

KnownRuns RecordsOf(Workplace& workplace) {
  return CollectRuns(workplace.journal.get(), workplace.connected.agents.get());
}

base::Status RefuseTwice(const KnownRuns& known, const Asked& asked) {
  const bool there =
      asked.run_id && std::any_of(known.runs.begin(), known.runs.end(), [&](auto& run) {
        return run.record.run_id == *asked.run_id;
      });
  return there ? base::Fail(base::ErrorCode::kFailedPrecondition,
                            "run.exists",
                            "there is a run " + *asked.run_id +
                                " of this ensemble; `zoowarden runs show " + *asked.run_id +
                                "` says what became of it")
               : base::Ok();
}

base::Status RefuseCarriedOut(const KnownRuns& known, const std::optional<PlanFile>& file) {
  const auto begun = file ? FindBegunWith(known, file->digest) : std::nullopt;
  return begun ? base::Fail(CarriedOutError(*begun)) : base::Ok();
}

// What the records say against this run.
base::Status RefuseByRecords(const KnownRuns& known, const Order& order) {
  ZW_TRY(RefuseTwice(known, order.asked));
  if (const auto open = FindInterrupted(known)) {
    return base::Fail(InterruptedError(*open));
  }
  ZW_TRY(RefuseCarriedOut(known, order.file));
  if (const auto before = FindFailedBefore(known, order.planned.input);
      before && !order.asked.retry) {
    return base::Fail(FailedBeforeError(*before));
  }
  return base::Ok();
}

// The last look: until the ensemble was held, another controller could do all of what is refused.
base::Status LookAgain(Workplace& workplace, const Order& order) {
  const auto known = RecordsOf(workplace);
  ZW_TRY(CheckMajority("what has been run meanwhile", known.answered, known.asked));
  return RefuseByRecords(known, order);
}

ExitCode Roll(Context& context, Workplace& workplace, const Order& order, Consent consent) {
  const auto& planned = order.planned;
  auto& world = context.world();
  const auto now = world.clock.WallTime().count();
  auto run = MakeRun(planned.input,
                     {.run_id = order.asked.run_id.value_or(MakeRunId(now, world.random())),
                      .kind = planned.approved.kind,
                      .holder = workplace.connected.identity,
                      .created_ms = now,
                      .plan_digest = std::move(consent.plan_digest),
                      .approval = std::move(consent.approval),
                      .approval_required = planned.desired.file.approval_required,
                      .edits = planned.desired.edits});
  run.file_before = ValuesNow(planned.desired.file, run);
  const auto run_id = run.state.run_id;
  const auto write = [&context, &planned, copy = run] {
    WriteBack(context, planned.desired.file, copy);
  };
  const auto held = [&](RunStart&) { return LookAgain(workplace, order); };
  RunStart start{.run = std::move(run),
                 .held = held,
                 .on_success = write,
                 .rollout = order.asked.rollout.value_or("")};
  if (consent.detach) {
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

void WarnOfFailed(Context& context, const KnownRuns& known, const Planned& planned) {
  if (const auto before = FindFailedBefore(known, planned.input)) {
    context.Warn("run " + before->record.run_id + " " + HowItFailed(*before));
  }
}

// Where the ensemble wants a second person, all that this one was shown must be what is true now.
base::Result<Consent> ConsentTo(Context& context,
                                const Planned& planned,
                                const std::optional<PlanFile>& file,
                                const Asked& asked) {
  Consent consent{.plan_digest = file ? file->digest : DigestOf(planned),
                  .approval = std::nullopt,
                  .detach = asked.detach};
  if (!planned.desired.file.approval_required || StartsWhatWasThere(asked.target)) {
    return consent;
  }
  if (asked.target.scope == core::PlanScope::kRepair) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "repair.needs_approval",
                      "ensemble.yaml says policy: {approval: required}, and nobody has approved "
                      "that this server runs what it says now: start it on what is installed with "
                      "`zoowarden repair`, then have a plan of the rest approved");
  }
  if (!file) {
    return base::Fail(
        base::ErrorCode::kFailedPrecondition,
        "plan.needs_approval",
        "ensemble.yaml says policy: {approval: required}: make a plan with "
        "`zoowarden plan -o json > plan.json` (with --to V for an upgrade, --restart for "
        "a restart), have it approved with `zoowarden approve plan.json`, then "
        "`zoowarden apply plan.json`");
  }
  if (DigestOf(planned) != file->digest) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "plan.shows_other",
                      "the plan that was approved shows something else than is shown now (a "
                      "warning, a difference, where the archive lies), nothing was touched; make "
                      "a new plan here and have it approved");
  }
  ZW_ASSIGN(consent.approval,
            CheckApproval(
                context, ApprovalPathOf(*asked.plan_file), planned.input.spec.name, file->digest));
  return consent;
}

// Whatever else has moved meanwhile, a leader or what a server runs, is planned anew.
base::Status RefuseUnapproved(const Planned& planned, const Asked& asked) {
  const auto digest = DesiredDigest(planned.input.spec, planned.input.wanted);
  if (!asked.approved || *asked.approved == digest) {
    return base::Ok();
  }
  return base::Fail(
      base::ErrorCode::kFailedPrecondition,
      "plan.not_approved",
      "ensemble " + planned.input.spec.name +
          " is not to become what was approved: ensemble.yaml, a plugin's value or the release is "
          "another one, nothing was touched; look at its plan and approve it anew");
}

ExitCode ApplyIn(Context& context,
                 Workplace& workplace,
                 Planned planned,
                 const std::optional<PlanFile>& file,
                 const Asked& asked) {
  if (file) {
    planned.stamp = file->stamp;  // in all else it must be the plan of the file
  }
  const auto known = RecordsOf(workplace);
  planned.interrupted = FindInterrupted(known);
  if (planned.plan.NothingToDo() && (!file || core::IsCarriedOut(file->plan, planned.approved))) {
    context.Print(DocumentOf(planned), TextOf(planned));
    // The servers run it already, so ensemble.yaml may say so.
    WriteSettings(context, planned.desired.file, planned.desired.edits);
    return ExitCode::kOk;
  }
  if (file && !planned.interrupted) {
    // First: what its own run has moved is not what stands in its way.
    for (const auto& may : {RefuseCarriedOut(known, file), RefuseMoved(*file, planned)}) {
      if (!may) {
        return context.Fail(may.error());
      }
    }
  }
  ShowPlan(context, planned);
  if (planned.interrupted) {
    return context.Fail(InterruptedError(*planned.interrupted));
  }
  if (!planned.plan.refusals.empty()) {
    return FailRefused(context, planned);
  }
  const Order order{.planned = planned, .file = file, .asked = asked};
  if (const auto allowed = RefuseByRecords(known, order); !allowed) {
    return context.Fail(allowed.error());
  }
  WarnOfFailed(context, known, planned);
  auto consent = ConsentTo(context, planned, file, asked);
  if (!consent) {
    return context.Fail(consent.error());
  }
  const auto confirmed = Confirmed(context, planned);
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  return *confirmed ? Roll(context, workplace, order, *std::move(consent)) : ExitCode::kError;
}

}  // namespace

std::vector<Option> OrderedOptions(Asked& asked) {
  return {{.name = "--run-id",
           .value_name = "ID",
           .help = "the id of the run (default: a new one); a fleet gives it to its processes",
           .target = &asked.run_id},
          {.name = "--approved",
           .value_name = "DIGEST",
           .help = "only to the desired state of this `desired_digest`; as --run-id",
           .target = &asked.approved},
          RolloutOption(asked.rollout)};
}

ExitCode Apply(Context& context, Asked asked) {
  for (const auto& id : {asked.run_id, asked.rollout}) {
    if (const auto plain = id ? CheckRunId(*id) : base::Ok(); !plain) {
      return context.Fail(plain.error());
    }
  }
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
  if (const auto approved = RefuseUnapproved(*planned, asked); !approved) {
    return context.Fail(approved.error());
  }
  return ApplyIn(context, *workplace, std::move(*planned), *file, asked);
}

}  // namespace zoowarden::controller
