// The ways out of `unconfirmed` and `needs_operator`, one server at a time.
#include "base/text.h"
#include "controller/cli/commands.h"
#include "controller/cli/desired.h"
#include "controller/cli/driving.h"
#include "controller/cli/reporting.h"
#include "controller/run/settle.h"

#include <algorithm>
#include <memory>

namespace zoowarden::controller {

namespace {

constexpr std::chrono::milliseconds kStatusDeadline{10'000};
constexpr std::size_t kLongText = 2'000;

struct SettleOptions {
  core::SettleVerb verb = core::SettleVerb::kConfirm;
  std::string server;
  bool take_over = false;
  bool allow_outage = false;
};

// What a person has to know before the answer.
std::string Situation(const model::MemberObservation& seen) {
  const auto& operation = seen.operation;
  auto text = "server " + ToString(seen.id) + ": operation " + operation.operation_id + " of run " +
              operation.run_id + " is " + std::string(OperationStateName(operation.state));
  if (!operation.failure.empty()) {
    text += ": " + base::Printable(operation.failure, kLongText);
  }
  text += "\n  it goes from generation " + operation.from_generation + " to " +
          operation.to_generation + "; current is " +
          (seen.current ? seen.current->digest : "none");
  if (!seen.process) {
    return text + (seen.processes_visible ? "; no ZooKeeper runs on its data directory"
                                          : "; its agent may not see other users' processes");
  }
  return text + "; process " + std::to_string(seen.process->pid) + " runs generation " +
         (seen.process->generation.empty() ? "(none of ours)" : seen.process->generation) + " as " +
         std::string(ModeName(seen.mode));
}

std::string Question(const model::MemberObservation& seen, core::SettleVerb verb) {
  const auto server = "server " + ToString(seen.id);
  switch (verb) {
    case core::SettleVerb::kConfirm:
      return "confirm what " + server + " runs?";
    case core::SettleVerb::kRetry:
      return "start generation " + seen.operation.to_generation + " on " + server + " once more?";
    case core::SettleVerb::kRollBack:
      return "take " + server + " back to generation " + seen.operation.from_generation + "?";
    case core::SettleVerb::kClose:
      return "forget the operation of " + server + " and leave the server as it is?";
  }
  return "";
}

// The run that began the operation, when a copy of its record is found here or on an agent.
std::optional<KnownRun> BegunBy(Workplace& workplace, const std::string& run_id) {
  auto run = FindRun(workplace.journal.get(), workplace.connected.agents.get(), run_id);
  return run ? std::optional(*std::move(run)) : std::nullopt;
}

bool StillOpen(Workplace& workplace, const std::string& run_id) {
  const auto known = CollectRuns(workplace.journal.get(), workplace.connected.agents.get());
  return std::any_of(known.runs.begin(), known.runs.end(), [&](const KnownRun& run) {
    return run.record.run_id == run_id && run.open;
  });
}

ExitCode Carry(Context& context,
               Workplace& workplace,
               SettleInput input,
               const model::MemberObservation& seen,
               const SettleOptions& options) {
  auto& world = context.world();
  const auto begun = BegunBy(workplace, seen.operation.run_id);
  input.begun_by = begun ? &begun->file : nullptr;
  const auto now = world.clock.WallTime().count();
  auto run = MakeSettleRun(input,
                           {.run_id = MakeRunId(now, world.random()),
                            .kind = "server " + std::string(SettleVerbName(input.verb)),
                            .holder = workplace.connected.identity,
                            .created_ms = now});
  if (!run) {
    return context.Fail(run.error());
  }
  const auto run_id = run->state.run_id;
  const auto goal = run->state.goal;
  const auto result =
      DriveRun(context, workplace, {.run = *std::move(run), .take_over = options.take_over});
  const auto code = ReportRun(context, workplace, result, {.run_id = run_id, .goal = goal});
  if (code == ExitCode::kOk && StillOpen(workplace, seen.operation.run_id)) {
    context.Say("run " + seen.operation.run_id + " is still open: `zoowarden resume " +
                seen.operation.run_id + "` goes on, `zoowarden rollback " + seen.operation.run_id +
                "` goes back");
  }
  return code;
}

ExitCode Settle(Context& context, const SettleOptions& options) {
  const auto loaded = LoadEnsemble(context);
  if (!loaded) {
    return context.Fail(loaded.error());
  }
  const auto server = ServerNamed(loaded->spec, options.server);
  if (!server) {
    return context.Fail(server.error());
  }
  auto workplace = ConnectToChange(context, *loaded);
  if (!workplace) {
    return context.Fail(workplace.error());
  }
  auto& agents = *workplace->connected.agents;
  SettleInput input{.spec = loaded->spec,
                    .seen = agents.GetStatus(kStatusDeadline),
                    .verb = options.verb,
                    .server = *server,
                    .allow_outage = options.allow_outage};
  const auto seen = *std::find_if(
      input.seen.begin(), input.seen.end(), [&](const auto& one) { return one.id == *server; });
  if (const auto waits = CheckWaits(seen, options.verb); !waits) {
    return context.Fail(waits.error());
  }
  if (const auto free = options.take_over ? base::Ok() : RefuseHeld(agents, ""); !free) {
    return context.Fail(free.error());
  }
  auto journal = OpenJournalToWrite(context, loaded->spec.name);
  if (!journal) {
    return context.Fail(journal.error());
  }
  workplace->journal = *std::move(journal);
  if (options.take_over) {
    WarnOfTakeOver(context, agents, workplace->journal.get(), "--take-over");
  }
  context.Say(Situation(seen));
  const auto confirmed = context.Confirm(Question(seen, options.verb));
  if (!confirmed) {
    return context.Fail(confirmed.error());
  }
  if (!*confirmed) {
    context.Say("nothing was changed");
    return ExitCode::kError;
  }
  return Carry(context, *workplace, std::move(input), seen, options);
}

Command MakeCommand(core::SettleVerb verb, std::string summary, std::string details) {
  auto options = std::make_shared<SettleOptions>();
  options->verb = verb;
  const auto name = "server " + std::string(SettleVerbName(verb));
  Command command{.name = name,
                  .summary = std::move(summary),
                  .examples = {{"zoowarden " + name + " 2", "show what is true of it, ask, do it"},
                               {"zoowarden " + name + " 2 --yes -o json", "for scripts"}},
                  .details = std::move(details),
                  .options = {{.name = "ID",
                               .value_name = "ID",
                               .help = "the server's id, as in ensemble.yaml",
                               .target = &options->server,
                               .required = true},
                              {.name = "--take-over",
                               .help = "even while another controller holds the ensemble; that one "
                                       "is stopped",
                               .target = &options->take_over}},
                  .run = [options](Context& context) { return Settle(context, *options); }};
  if (verb == core::SettleVerb::kRollBack) {
    command.options.push_back(
        {.name = "--allow-outage",
         .help = "with one or two voters: accept that stopping it takes the quorum away",
         .target = &options->allow_outage});
  }
  return command;
}

}  // namespace

std::vector<Command> ServerCommands() {
  std::vector<Command> commands;
  commands.push_back(MakeCommand(
      core::SettleVerb::kConfirm,
      "accept what a waiting server runs, once it is proved",
      "For a server whose operation is unconfirmed or needs_operator. It must be proved "
      "by good rounds and the ensemble's checks, in a quorum; others may be down. "
      "Nothing is restarted."));
  commands.push_back(
      MakeCommand(core::SettleVerb::kRetry,
                  "start the new generation of a waiting server once more",
                  "For a server on whose data directory nothing runs. The start has the same gate, "
                  "soak and way back as that of any run. To try the old generation again, use "
                  "`zoowarden server rollback`."));
  commands.push_back(
      MakeCommand(core::SettleVerb::kRollBack,
                  "take a waiting server back to the generation it had before",
                  "A server that is down goes back at once. One that serves is stopped only when "
                  "the others form a quorum without it, as in any run."));
  commands.push_back(
      MakeCommand(core::SettleVerb::kClose,
                  "forget the operation of a server that needs an operator",
                  "Nothing is started, stopped or switched: what runs there, and what the link "
                  "`current` names, is in your hands from then on."));
  return commands;
}

}  // namespace zoowarden::controller
