#include "controller/cli/commands.h"
#include "controller/cli/desired.h"
#include "controller/cli/detaching.h"
#include "controller/cli/driving.h"
#include "controller/cli/reporting.h"
#include "core/run_decision.h"
#include "model/discovery.h"
#include "model/secrets.h"
#include "sys/digest.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

namespace zoowarden::controller {

namespace {

struct ResumeOptions {
  std::optional<std::string> run_id;
  bool take_over = false;
  bool detach = false;
  core::RunGoal goal = core::RunGoal::kForward;  // which command it is
};

bool SameAddress(const model::ServerSpec& a, const model::ServerSpec& b) {
  return a.id == b.id && a.agent == b.agent;
}

// Of a run that has succeeded.
std::string WayBack(const core::RunState& state) {
  if (state.outcome != core::RunOutcome::kSucceeded || state.servers.empty()) {
    return "";
  }
  const auto& server = state.servers.front();
  if (server.origin.version == server.target.version) {
    return "; to go back, put the old settings back in ensemble.yaml and `zoowarden apply`";
  }
  const bool adopted = server.origin.release_sha512 == model::kAdoptedRelease;
  return "; to go back, roll the old release: `zoowarden upgrade --to " +
         server.origin.version.ToString() + (adopted ? " --release adopted`" : "`");
}

base::Error NoneOpen(core::RunGoal goal, const KnownRuns& known) {
  if (goal == core::RunGoal::kForward) {
    return {
        base::ErrorCode::kNotFound, "run.none_open", "no run is open, there is nothing to resume"};
  }
  // The newest that was about the ensemble and not one server.
  const auto last = std::find_if(known.runs.begin(), known.runs.end(), [](const KnownRun& run) {
    return !run.file.state.settlement && run.file.state.outcome != core::RunOutcome::kRefused;
  });
  return {base::ErrorCode::kNotFound,
          "run.none_open",
          "no run is open, there is nothing to roll back" +
              (last == known.runs.end() ? std::string() : WayBack(last->file.state))};
}

base::Error NotOpen(const KnownRun& run, core::RunGoal goal) {
  const auto& state = run.file.state;
  if (state.settlement) {
    return {base::ErrorCode::kFailedPrecondition,
            "run.settles",
            "run " + run.record.run_id + " only settled server " +
                ToString(state.settlement->server) + "; to do that again give `zoowarden " +
                run.file.kind + " " + ToString(state.settlement->server) + "`"};
  }
  auto text = "run " + run.record.run_id + " is closed (" +
              std::string(RunOutcomeName(state.outcome)) + ")";
  if (state.phase != core::RunPhase::kEnded) {
    text = "run " + run.record.run_id +
           " never began, its record reached too few agents, or a later run took its place";
  }
  return {
      base::ErrorCode::kFailedPrecondition,
      "run.closed",
      text + (goal == core::RunGoal::kForward ? ", there is nothing to resume" : WayBack(state))};
}

// ensemble.yaml says the new release from just before the closing record on: going back from there
// would leave it wrong.
base::Status CheckWay(const core::RunState& state, core::RunGoal goal) {
  if (goal == core::RunGoal::kBack && state.phase == core::RunPhase::kClosing &&
      state.outcome == core::RunOutcome::kSucceeded) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "run.succeeded",
                      "run " + state.run_id +
                          " has succeeded and only has to be closed, which `zoowarden resume " +
                          state.run_id + "` does" + WayBack(state));
  }
  return base::Ok();
}

// The named run, or the newest open one, as the copies that agree have it.
base::Result<AgreedRun> Choose(RunJournal& journal, Agents& agents, const ResumeOptions& options) {
  const auto known = CollectRuns(&journal, &agents);
  const auto found = std::find_if(known.runs.begin(), known.runs.end(), [&](const KnownRun& run) {
    return options.run_id ? run.record.run_id == *options.run_id : run.open;
  });
  if (found == known.runs.end()) {
    if (options.run_id) {
      ZW_TRY(FindRun(&journal, &agents, *options.run_id));  // says that there is none
    }
    return base::Fail(NoneOpen(options.goal, known));
  }
  if (!found->open) {
    return base::Fail(NotOpen(*found, options.goal));
  }
  return FindAgreedRun(journal, agents, found->record.run_id);
}

base::Status RefuseChanged(std::string reason, const std::string& what) {
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    std::move(reason),
                    "the run was begun with other " + what +
                        " than ensemble.yaml has now; put them back to resume");
}

// In both directions: the run is about these servers and no others.
base::Status CheckServers(const RunFile& run, const model::EnsembleSpec& here) {
  const auto& servers = run.spec.servers;
  const auto& states = run.state.servers;
  const auto same_id = [](const core::ServerRun& state, const model::ServerSpec& server) {
    return state.id == server.id;
  };
  if (!std::equal(
          servers.begin(), servers.end(), here.servers.begin(), here.servers.end(), SameAddress) ||
      !std::equal(states.begin(), states.end(), servers.begin(), servers.end(), same_id)) {
    return RefuseChanged("run.servers_changed", "`servers:`");
  }
  return base::Ok();
}

// A record may come from an agent, and an agent may be in other hands: it must not name programs to
// run here or files to send.
base::Status CheckRecord(const model::EnsembleSpec& run, const model::EnsembleSpec& here) {
  if (run.checks != here.checks) {
    return RefuseChanged("run.checks_changed", "`checks:`");
  }
  const auto& release = run.release;
  const bool known_signature =
      release.signature.empty() ||
      (!release.source.empty() && release.signature == release.source + ".asc") ||
      release.signature == here.release.signature;
  std::error_code ignored;
  if (!known_signature) {
    return RefuseChanged("run.release_changed", "signature file");
  }
  if (!std::filesystem::exists(release.source, ignored)) {
    return base::Ok();  // needed only where the agents do not have it yet
  }
  ZW_ASSIGN(const auto digest, sys::DigestFile(sys::Hash::kSha512, release.source));
  if (digest != release.sha512) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "release.wrong_digest",
                      release.source + " is not the archive that the run was begun with");
  }
  return base::Ok();
}

// Puts values where the record has masks; false when one is not to be had.
bool Restore(model::Settings& stored, const model::Settings& now) {
  bool all = true;
  for (auto& [key, value] : stored) {
    if (value == model::kMaskedValue) {
      const auto found = now.find(key);
      all = all && found != now.end();
      value = found != now.end() ? found->second : value;
    }
  }
  return all;
}

bool IsMaskedOption(const std::string& option) { return option.ends_with(model::kMaskedValue); }

// The same for JVM options: of those with one name the first stands for the first.
bool RestoreOptions(std::vector<std::string>& stored, std::vector<std::string> now) {
  bool all = true;
  for (auto& option : stored) {
    if (!IsMaskedOption(option)) {
      continue;
    }
    const auto found = std::find_if(now.begin(), now.end(), [&](const std::string& candidate) {
      return model::MaskSecretOption(candidate) == option;
    });
    all = all && found != now.end();
    if (found != now.end()) {
      option = std::exchange(*found, "");
    }
  }
  return all;
}

bool HasSecrets(const model::EnsembleSpec& spec) {
  const auto& options = spec.config.java.options;
  const auto masked = [](const auto& setting) { return setting.second == model::kMaskedValue; };
  const auto& own = spec.config.settings;
  return std::any_of(own.begin(), own.end(), masked) ||
         std::any_of(options.begin(), options.end(), IsMaskedOption) ||
         std::any_of(spec.servers.begin(), spec.servers.end(), [&](const auto& server) {
           return std::any_of(server.settings.begin(), server.settings.end(), masked);
         });
}

// Records hold no secrets: their values come from ensemble.yaml and its plugins again. The digests
// of the plan are checked by the agents, so another value than the approved one is refused there.
base::Status RestoreSecrets(Context& context, model::EnsembleSpec& spec) {
  if (!HasSecrets(spec)) {
    return base::Ok();
  }
  ZW_ASSIGN(const auto desired, LoadDesired(context));
  bool all = Restore(spec.config.settings, desired.spec.config.settings);
  all = RestoreOptions(spec.config.java.options, desired.spec.config.java.options) && all;
  for (auto& server : spec.servers) {
    const auto* now = model::FindServer(desired.spec, server.id);
    all = all && now != nullptr && Restore(server.settings, now->settings);
  }
  if (!all) {
    return base::Fail(
        base::ErrorCode::kFailedPrecondition,
        "run.secret_missing",
        "a secret of the run, a setting or JVM option, is no longer in ensemble.yaml or its "
        "plugins; "
        "put it back to resume");
  }
  return base::Ok();
}

std::string Question(const KnownRun& run, core::RunGoal goal) {
  const auto what = run.record.run_id + " (" + run.file.kind + " to " +
                    run.file.spec.release.version.ToString() + ")";
  return goal == core::RunGoal::kForward ? "go on with run " + what + "?"
                                         : "take every server of run " + what + " back?";
}

// A run that ended is opened again; one that was interrupted just goes on, in its own direction.
void Direct(RunFile& run, core::RunGoal goal) {
  const bool ended = run.state.phase == core::RunPhase::kEnded;
  if (goal == core::RunGoal::kBack) {
    core::Reopen(run.state, core::RunGoal::kBack);
  } else if (ended) {
    core::Reopen(run.state, run.state.goal);
  }
}

base::Result<EngineResult> Drive(Context& context,
                                 Workplace& workplace,
                                 const KnownRun& run,
                                 const ResumeOptions& options,
                                 const config::LoadedEnsemble& file) {
  const auto held = [&](RunStart& start) -> base::Status {
    ZW_ASSIGN(const auto now,
              ReadAgain(*workplace.journal, *workplace.connected.agents, run, options.take_over));
    ZW_TRY(CheckWay(now.file.state, options.goal));
    start.run.state = now.file.state;
    start.sequence = now.record.sequence;
    Direct(start.run, options.goal);
    return base::Ok();
  };
  return DriveRun(context,
                  workplace,
                  {.run = run.file,
                   .sequence = run.record.sequence,
                   .take_over = options.take_over,
                   .held = held,
                   .on_success = [&] { WriteRelease(context, file, run.file.spec.release); }});
}

base::Result<KnownRun> Prepare(Context& context,
                               const model::EnsembleSpec& here,
                               Workplace& workplace,
                               const ResumeOptions& options) {
  auto& agents = *workplace.connected.agents;
  ZW_ASSIGN(const auto journal, OpenJournalToRead(context, here.name));
  if (options.take_over) {
    WarnOfTakeOver(context, agents, journal.get());
  }
  ZW_ASSIGN(auto agreed, Choose(*journal, agents, options));
  for (const auto& text : agreed.differing) {
    context.Warn(text);
  }
  auto& run = agreed.run;
  ZW_TRY(CheckWay(run.file.state, options.goal));
  ZW_TRY(CheckServers(run.file, here));
  // Going back uses what is on the servers: it must not depend on archives, checks or plugins.
  if (options.goal == core::RunGoal::kForward && run.file.state.goal == core::RunGoal::kForward) {
    ZW_TRY(CheckRecord(run.file.spec, here));
    ZW_TRY(RestoreSecrets(context, run.file.spec));
  }
  if (!options.take_over) {
    ZW_TRY(RefuseHeld(agents, run.record.run_id));
  }
  ZW_ASSIGN(workplace.journal, OpenJournalToWrite(context, here.name));
  return std::move(run);
}

ExitCode GoOn(Context& context, const ResumeOptions& options) {
  const auto loaded = LoadEnsemble(context);
  if (!loaded) {
    return context.Fail(loaded.error());
  }
  auto opened = ConnectToChange(context, *loaded);
  if (!opened) {
    return context.Fail(opened.error());
  }
  auto& workplace = *opened;
  auto run = Prepare(context, loaded->spec, workplace, options);
  if (!run) {
    return context.Fail(run.error());
  }
  const auto confirmed = context.Confirm(Question(*run, options.goal));
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    context.Say("nothing was changed");
    return ExitCode::kError;
  }
  if (options.detach) {
    const char* verb = options.goal == core::RunGoal::kForward ? "resume" : "rollback";
    return DetachKnown(context, workplace, *run, verb, options.take_over);
  }
  const auto result = Drive(context, workplace, *run, options, *loaded);
  return ReportRun(
      context, workplace, result, {.run_id = run->record.run_id, .goal = options.goal});
}

std::vector<Option> OptionsOf(ResumeOptions& options) {
  return {{.name = "ID",
           .value_name = "ID",
           .help = "the run (default: the newest open one)",
           .target = &options.run_id},
          {.name = "--take-over",
           .help = "even while another controller holds it; that one is stopped",
           .target = &options.take_over},
          DetachOption(options.detach)};
}

}  // namespace

Command ResumeCommand() {
  auto options = std::make_shared<ResumeOptions>();
  return {.name = "resume",
          .summary = "go on with a run that was interrupted, halted or got stuck",
          .examples = {{"zoowarden resume", "the newest open run"},
                       {"zoowarden resume 20261122-140501-3f9a --yes", "for scripts"}},
          .details =
              "Works on any machine with an operator's certificate: the agents have copies of "
              "the record.",
          .options = OptionsOf(*options),
          .run = [options](Context& context) { return GoOn(context, *options); }};
}

Command RollbackCommand() {
  auto options = std::make_shared<ResumeOptions>();
  options->goal = core::RunGoal::kBack;
  return {
      .name = "rollback",
      .summary = "take every server of an open run back to what it ran before",
      .examples = {{"zoowarden rollback", "the newest open run"},
                   {"zoowarden rollback 20261122-140501-3f9a --yes", "for scripts"}},
      .details =
          "In reverse order, the leader last, through the same gates. Exit code 0: every server "
          "is back.",
      .options = OptionsOf(*options),
      .run = [options](Context& context) { return GoOn(context, *options); }};
}

}  // namespace zoowarden::controller
