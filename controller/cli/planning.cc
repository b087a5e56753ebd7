#include "controller/cli/planning.h"

#include "base/text.h"
#include "controller/cli/error_output.h"
#include "controller/cli/plan_view.h"
#include "controller/cli/release_source.h"
#include "controller/cli/repairing.h"
#include "controller/run/desired_values.h"
#include "model/discovery.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace zoowarden::controller {

namespace {

constexpr std::chrono::milliseconds kLookDeadline{5'000};

PlanToShow ToShow(const Planned& planned) {
  return {.input = planned.input,
          .plan = planned.plan,
          .running = planned.running,
          .earlier = planned.earlier,
          .approved = planned.approved,
          .settings_digest = planned.desired.settings.digest,
          .stamp = planned.stamp};
}

PlanStamp MakeStamp(World& world) {
  PlanStamp stamp{.made_ms = world.clock.WallTime().count()};
  for (int word = 0; word < 4; ++word) {
    stamp.nonce += fmt::format("{:08x}", world.random());
  }
  return stamp;
}

base::Status RefuseMissing(const std::string& what,
                           const std::string& name,
                           const std::string& program) {
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(program, error);
  if (is_file && ::access(program.c_str(), X_OK) == 0) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kInvalidArgument,
                    "config." + what + "_not_runnable",
                    what + " '" + name + "' of ensemble.yaml cannot be run: " + program +
                        (is_file ? " is not executable for you" : " is no file") + "; mend `" +
                        what + "s:` or the file");
}

// Before the first server is touched: a check that cannot run would take it back, a hook stop it.
base::Status RefuseMissingPrograms(const model::EnsembleSpec& spec) {
  for (const auto& check : spec.checks) {
    ZW_TRY(RefuseMissing("check", check.name, check.command.front()));
  }
  for (const auto& hook : spec.hooks) {
    ZW_TRY(RefuseMissing("hook", hook.name, hook.command.front()));
  }
  return base::Ok();
}

core::ApprovedPlan ApprovedOf(const Desired& desired,
                              const core::PlanInput& input,
                              const core::Plan& plan,
                              const Target& target) {
  core::ApprovedPlan approved{
      .ensemble = input.spec.name,
      .kind = target.kind,
      .allow_outage = input.allow_outage,
      .declared = desired.file.spec.release,
      .release = input.spec.release,
      .leader = plan.leader,
      .desired = WithApproval(DesiredValues(input.spec), desired.file.approval_required)};
  for (const auto& seen : input.seen) {
    approved.servers.push_back({.id = seen.id,
                                .from = seen.current.value_or(model::Generation()),
                                .to = input.wanted.at(seen.id)});
  }
  for (const auto& step : plan.steps) {
    approved.order.push_back(step.server);
  }
  return approved;
}

base::Result<std::set<model::ServerId>> ToRestart(const model::EnsembleSpec& spec,
                                                  const Target& target) {
  std::set<model::ServerId> restart;
  if (target.scope != core::PlanScope::kRestart) {
    return restart;
  }
  for (const auto& named : target.servers) {
    ZW_ASSIGN(const auto id, ServerNamed(spec, named));
    restart.insert(id);
  }
  if (target.servers.empty()) {
    ZW_ASSIGN(const auto all, OneOrAllServers(spec, std::nullopt));
    restart.insert(all.begin(), all.end());
  }
  return restart;
}

}  // namespace

std::vector<Option> TargetOptions(Target& target) {
  return {
      {.name = "--to",
       .value_name = "VERSION",
       .help = "the release that all servers shall run",
       .target = &target.to},
      {.name = "--release",
       .value_name = "ARCHIVE",
       .help = "its archive, with .sha512 and .asc beside it; adopted = what ran before adoption",
       .target = &target.release},
      {.name = "--allow-outage",
       .help = "with one or two voters: accept that a restart takes the quorum away",
       .target = &target.allow_outage}};
}

base::Result<Desired> LoadTarget(Context& context, const Target& target) {
  if (target.release && !target.to) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "usage.missing",
                      "--release needs --to VERSION, so that it is said which release is meant");
  }
  if (target.scope == core::PlanScope::kRepair && target.repair_by != RepairBy::kDesired) {
    // What is on the server is started: that must not wait for what plugins ask.
    ZW_ASSIGN(auto file, LoadEnsemble(context));
    auto spec = file.spec;
    return Desired{.file = std::move(file), .edits = {}, .spec = std::move(spec), .settings = {}};
  }
  ZW_ASSIGN(auto desired, LoadDesired(context, target.edits));
  ZW_TRY(RefuseMissingPrograms(desired.spec));
  if (target.to) {
    ZW_ASSIGN(desired.spec.release,
              ResolveRelease(desired.spec.release, *target.to, target.release));
  }
  return desired;
}

base::Result<Planned> MakePlanned(Context& context,
                                  Agents& agents,
                                  Desired desired,
                                  const Target& target) {
  ZW_ASSIGN(auto restart, ToRestart(desired.spec, target));
  auto input = MakePlanInput(desired.spec, agents.GetStatus(kLookDeadline), target.allow_outage);
  input.scope = target.scope;
  input.restart = std::move(restart);
  if (target.scope == core::PlanScope::kRepair) {
    ZW_TRY(AimRepair(context, agents, target, input));
  }
  auto plan = core::MakePlan(input);
  const bool compared = std::any_of(plan.steps.begin(), plan.steps.end(), [](const auto& step) {
    return step.configuration_changes;
  });
  auto running = compared ? RunningConfigurations(context, agents, input) : Configurations();
  auto earlier = compared && target.repair_by == RepairBy::kPrevious
                     ? EarlierConfigurations(context, agents, input, plan)
                     : Configurations();
  auto approved = ApprovedOf(desired, input, plan, target);
  return Planned{.desired = std::move(desired),
                 .input = std::move(input),
                 .plan = std::move(plan),
                 .approved = std::move(approved),
                 .running = std::move(running),
                 .earlier = std::move(earlier),
                 .stamp = MakeStamp(context.world()),
                 .interrupted = std::nullopt,
                 .failed_before = std::nullopt};
}

std::optional<KnownRun> FindInterrupted(const KnownRuns& known) {
  const auto found = std::find_if(known.runs.begin(), known.runs.end(), [](const KnownRun& run) {
    return run.open && run.file.state.outcome == core::RunOutcome::kNone;
  });
  return found == known.runs.end() ? std::nullopt : std::optional(*found);
}

base::Error InterruptedError(const KnownRun& run) {
  return {base::ErrorCode::kFailedPrecondition,
          "run.open",
          "run " + run.record.run_id + " (" + DescribeVerb(run.file) +
              ") was interrupted; `zoowarden resume` goes on with it, `zoowarden " +
              (core::IsRepair(run.file.state) ? "abort` ends it" : "rollback` goes back")};
}

Target TargetOf(const core::ApprovedPlan& approved) {
  Target target{.kind = approved.kind, .allow_outage = approved.allow_outage};
  if (approved.kind == "upgrade") {
    const auto& release = approved.release;
    target.to = release.version.ToString();
    if (release.sha512 == model::kAdoptedRelease) {
      target.release = config::kAdopted;
    } else if (!release.source.empty()) {
      target.release = release.source;
    }
  } else if (approved.kind == "restart") {
    target.scope = core::PlanScope::kRestart;
    for (const auto server : approved.order) {
      target.servers.push_back(ToString(server));
    }
  }
  return target;
}

base::Status RefuseMoved(const PlanFile& file, const Planned& now) {
  const auto moves = core::FindMoves(file.plan, now.approved);
  if (moves.empty()) {
    return base::Ok();
  }
  std::vector<std::string> texts;
  texts.reserve(moves.size());
  for (const auto& move : moves) {
    texts.push_back(move.text);
  }
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    moves.front().reason,
                    "the plan is not of what is there now, nothing was touched: " +
                        base::Join(texts, "; ") + "; make a new plan and look at it");
}

std::string DigestOf(const Planned& planned) { return PlanDigest(PlanDocument(ToShow(planned))); }

std::string TextOf(const Planned& planned) { return PlanText(ToShow(planned)); }

Document DocumentOf(const Planned& planned) {
  auto document = PlanDocument(ToShow(planned));
  const auto& open = planned.interrupted;
  document.Set("open_run", open ? Document(open->record.run_id) : Document());
  if (planned.failed_before) {
    document.Set("failed_before", planned.failed_before->record.run_id);
  }
  if (!planned.plan.refusals.empty()) {
    document.Set("error", *ErrorDocument(RefusalError(planned.plan)).Find("error"));
  }
  return document;
}

ExitCode FailRefused(Context& context, const Planned& planned) {
  context.SayError(RefusalError(planned.plan));
  if (context.structured()) {
    context.Print(DocumentOf(planned), "");
  }
  return ExitCode::kRefused;
}

}  // namespace zoowarden::controller
