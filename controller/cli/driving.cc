#include "controller/cli/driving.h"

#include "controller/report/progress.h"
#include "controller/run/lease.h"
#include "model/discovery.h"
#include "pki/identity.h"

#include <fmt/format.h>

#include <ostream>
#include <set>

namespace zoowarden::controller {

namespace {

base::Status RefuseOthersThanOperators(const std::string& certificate) {
  ZW_ASSIGN(const auto identity, pki::ParseIdentity(certificate));
  if (identity.role == pki::Role::kOperator) {
    return base::Ok();
  }
  return base::Fail(base::ErrorCode::kPermissionDenied,
                    "pki.not_an_operator",
                    "the certificate " + certificate +
                        " may not change the ensemble; use an operator's with --pki");
}

std::unique_ptr<Progress> MakeRunProgress(Context& context) {
  auto& console = context.console();
  const bool live = MayUseColor(console, context.flags().no_color);
  return MakeProgress(
      {.live = live,
       .color = live,
       .width = console.width(),
       .write = [&console](std::string_view text) { console.err << text << std::flush; },
       .clock = context.world().clock});
}

// These two are news for the screen only; the run's record has its own events.
void Tell(Progress& progress, const UploadProgress& upload) {
  if (upload.sent == upload.total) {
    progress.OnEvent({"uploaded",
                      upload.server,
                      fmt::format("server {}: the archive has arrived, {} MiB",
                                  ToString(upload.server),
                                  upload.total / (1024 * 1024))});
  }
}

// A member that is down is not stopped: its agent looks once more that nothing runs.
std::string_view StepWords(const StepEvent& step) {
  return step.state == model::OperationState::kStopping && !step.permitted
             ? "making sure that it is stopped"
             : OperationStateName(step.state);
}

void Tell(Progress& progress, const StepEvent& step) {
  // The stream of an older agent begins with how the operation was staged, which is old news.
  if (step.state == model::OperationState::kStaging ||
      step.state == model::OperationState::kStaged) {
    return;
  }
  progress.OnEvent({"step",
                    step.server,
                    fmt::format("server {}: {}{}{}",
                                ToString(step.server),
                                StepWords(step),
                                step.detail.empty() ? "" : ": ",
                                step.detail)});
}

}  // namespace

base::Result<Workplace> ConnectWithProgress(Context& context, const config::LoadedEnsemble& file) {
  Workplace workplace{.progress = MakeRunProgress(context)};
  auto& progress = *workplace.progress;
  ZW_ASSIGN(const auto pki, context.PkiDirectory());
  ZW_ASSIGN(workplace.connected,
            context.world().connect(
                {.spec = file.spec,
                 .pki = pki,
                 .crl = context.CrlFile(),
                 .on_upload = [&progress](const UploadProgress& upload) { Tell(progress, upload); },
                 .on_step = [&progress](const StepEvent& step) { Tell(progress, step); }}));
  ZW_TRY(CheckEnsemble(file, workplace.connected.ensemble, pki));
  return workplace;
}

base::Result<Workplace> ConnectToChange(Context& context, const config::LoadedEnsemble& file) {
  ZW_ASSIGN(auto workplace, ConnectWithProgress(context, file));
  ZW_TRY(RefuseOthersThanOperators(workplace.connected.identity));
  return workplace;
}

std::string HolderOf(Context& context, const std::string& identity, const std::string& run_id) {
  return fmt::format("{} {} {:08x}", identity, run_id, context.world().random());
}

std::string OfRollout(const std::string& rollout) {
  return rollout.empty() ? "" : " of rollout " + rollout;
}

Option RolloutOption(std::optional<std::string>& rollout) {
  return {.name = "--rollout",
          .value_name = "ID",
          .help = "the rollout that this is a command of; a fleet gives it to its processes",
          .target = &rollout};
}

base::Status RefuseHeld(Agents& agents, const std::string& own_run) {
  for (const auto& answer : agents.GetLeases()) {
    if (answer.result && answer.result->left.count() > 0 && answer.result->run_id != own_run) {
      return base::Fail(base::ErrorCode::kAborted,
                        "lease.held",
                        "another controller holds this ensemble: " + answer.result->holder +
                            " (run " + answer.result->run_id + ")");
    }
  }
  return base::Ok();
}

void WarnOfTakeOver(Context& context,
                    Agents& agents,
                    RunJournal* journal,
                    const std::string& what) {
  std::set<std::string> holders;
  for (const auto& answer : agents.GetLeases()) {
    if (!answer.result || answer.result->left.count() == 0 ||
        !holders.insert(answer.result->holder).second) {
      continue;
    }
    const auto& lease = *answer.result;
    auto text = what + " interrupts " + lease.holder + " in run " + lease.run_id;
    if (const auto run = FindRun(journal, &agents, lease.run_id);
        run && !run->record.events.empty()) {
      text += ", whose last step was: " + run->record.events.back().text;
    }
    context.Warn(text);
  }
}

base::Result<Workplace> OpenWorkplace(Context& context, const config::LoadedEnsemble& file) {
  ZW_ASSIGN(auto workplace, ConnectToChange(context, file));
  ZW_TRY(RefuseHeld(*workplace.connected.agents, ""));
  ZW_ASSIGN(workplace.journal, OpenJournalToWrite(context, file.spec.name));
  return workplace;
}

base::Result<HeldEnsemble> HoldEnsemble(Context& context, Workplace& workplace, RunStart& start) {
  auto& agents = *workplace.connected.agents;
  std::string told;
  HeldEnsemble held;
  const AcquireOptions acquire{
      .run_id = start.run.state.run_id,
      .holder = HolderOf(context, workplace.connected.identity, start.run.state.run_id) +
                OfRollout(start.rollout),
      .take_over = start.take_over,
      .waiting =
          [&context, &told](const std::string& text) {
            if (told.empty()) {
              context.Say(text);
            }
            told = text;
          },
      .interrupted =
          [&held, &start](const Lease& lease) {
            held.taken_over = fmt::format("{} interrupted {} in run {}, epoch {}",
                                          !start.stops               ? "--take-over"
                                          : start.aborted_by.empty() ? "pause"
                                                                     : "abort",
                                          lease.holder,
                                          lease.run_id,
                                          lease.epoch.value);
          }};
  ZW_ASSIGN(held.identity, AcquireRun(agents, context.world().clock, acquire));
  if (const auto unmoved = start.held(start); !unmoved) {
    static_cast<void>(agents.Release(held.identity));
    return base::Fail(unmoved.error());
  }
  return held;
}

base::Result<EngineResult> DriveRun(Context& context, Workplace& workplace, RunStart start) {
  auto& agents = *workplace.connected.agents;
  auto& world = context.world();
  const auto stop_requested = [stops = start.stops,
                               interrupted = world.watch_interrupt(kRunInterrupted)] {
    return stops || interrupted();
  };
  ZW_ASSIGN(const auto held, HoldEnsemble(context, workplace, start));
  Engine engine({.agents = agents,
                 .journal = *workplace.journal,
                 .clock = world.clock,
                 .checks = start.checks == nullptr ? world.checks : *start.checks,
                 .hooks = world.hooks,
                 .writes = *workplace.connected.writes,
                 .progress = *workplace.progress,
                 .stop_requested = stop_requested,
                 .aborted_by = start.aborted_by,
                 .on_success = start.on_success,
                 .taken_over = held.taken_over},
                held.identity,
                std::move(start.run),
                start.sequence);
  auto result = engine.Drive();
  // An agent that cannot be reached lets its lease lapse.
  static_cast<void>(agents.Release(engine.identity()));
  return result;
}

}  // namespace zoowarden::controller
