#include "tests/sim/drill.h"

#include "controller/run/lease.h"
#include "controller/run/settle.h"
#include "core/plan.h"
#include "core/run_decision.h"

#include <algorithm>
#include <array>
#include <utility>

namespace zoowarden::sim {
namespace {

using core::RunGoal;
using core::RunOutcome;
using model::OperationState;
using std::chrono::milliseconds;

// Between a controller's end and the next attempt of the operator.
constexpr milliseconds kOperatorPause{1'500};
// Once nothing more happens a run ends within so many attempts, and within this time.
constexpr int kCalmLives = 6;
// An operator who cannot get it forward gives up.
constexpr int kPatientLives = 3;
constexpr int kRepairs = 4;
constexpr milliseconds kLongest{1'800'000};

}  // namespace

void Drill::Tell(const std::string& text) {
  story_.push_back(std::to_string((roll_.world.now() - began_).count()) + " ms " + text);
}

void Drill::Storyteller::NoteOwed(const core::RunState& state) {
  for (const auto& call : state.hooks.owed) {
    owed_[state.run_id].insert(core::HookCallId(state.run_id, call));
  }
}

// What it goes on from is stored; what it has just decided is not yet.
void Drill::Storyteller::OnRound(const controller::RunFile& run,
                                 const core::Decision& /*decision*/,
                                 const model::Round& /*round*/) {
  NoteOwed(run.state);
}

void Drill::Storyteller::OnEvent(const core::Event& event) {
  tell_(event.kind + " " + model::ToString(event.server) + " " + event.text);
}

void Drill::Tick() {
  const auto now = roll_.world.now();
  oracle_.Look();
  oracle_.vetoed = checks_pass_ ? oracle_.vetoed : now;
  for (std::size_t i = 0; i < running_.size();) {
    if (running_[i].until <= now) {
      const auto over = running_[i].incident;
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      Tell("* over: " + std::string(IncidentKindName(over.kind)) + " " +
           model::ToString(over.server));
      End(over);
    } else {
      ++i;
    }
  }
  while (next_ < schedule_.incidents.size() && began_ + schedule_.incidents[next_].at <= now) {
    const auto& incident = schedule_.incidents[next_++];
    running_.push_back({incident, now + incident.lasts});
    Tell("* " + std::string(IncidentKindName(incident.kind)) + " " +
         model::ToString(incident.server));
    Begin(incident);
  }
  if (now - began_ > kLongest) {
    throw Overtime{};
  }
}

bool Drill::Calm() const { return next_ == schedule_.incidents.size() && running_.empty(); }

DrillResult Drill::CarryOut() {
  try {
    Operate();
    JudgeEnd();
  } catch (const Overtime&) {
    oracle_.Break("I5", "the run does not end");
  }
  return {.broken = oracle_.broken(),
          .outcome = last_ ? last_->outcome : RunOutcome::kNone,
          .nothing_to_do = nothing_to_do_,
          .text = last_ ? last_->outcome_text : "",
          .story = story_,
          .lives = lives_,
          .took = roll_.world.now() - began_};
}

void Drill::Operate() {
  while (calm_lives_ < kCalmLives) {
    calm_lives_ += Calm() ? 1 : 0;
    EndByHand();
    if (schedule_.verb == Verb::kRepair && Repair()) {
      roll_.agents.Pass(kOperatorPause);
      continue;
    }
    const auto ended = LiveOnce([this] { return Live(/*take_over=*/false); });
    if (ended && *ended && !(*ended)->interrupted) {
      last_ = (*ended)->state;
      if (HasEnded(*last_)) {
        break;
      }
    }
    roll_.agents.Pass(kOperatorPause);
  }
  while (!Calm()) {
    roll_.agents.Pass(kOperatorPause);
  }
  roll_.agents.Pass(milliseconds(10'000));
}

bool Drill::Repair() {
  if (repairs_ == kRepairs) {
    return false;
  }
  auto seen = roll_.agents.GetStatus(milliseconds(0));
  const auto waits = std::find_if(seen.begin(), seen.end(), [](const auto& member) {
    return member.answered && (member.operation.state == OperationState::kUnconfirmed ||
                               member.operation.state == OperationState::kNeedsOperator);
  });
  if (waits == seen.end()) {
    return false;
  }
  ++repairs_;
  const auto server = *waits;
  static_cast<void>(LiveOnce([&] { return Settle(server, std::move(seen)); }));
  return true;
}

Drill::Ended Drill::Settle(const model::MemberObservation& waits,
                           std::vector<model::MemberObservation> seen) {
  constexpr std::array kWords = {
      core::SettleVerb::kConfirm, core::SettleVerb::kRetry, core::SettleVerb::kRollBack};
  const auto verb = kWords.at((schedule_.seed + static_cast<std::uint64_t>(repairs_)) % 3);
  auto& machine = *machines_.back();
  const auto begun = controller::FindRun(&machine.journal, &roll_.agents, waits.operation.run_id);
  const auto run_id = "settle" + std::to_string(++runs_);
  ZW_TRY(controller::CheckWaits(waits, verb));
  ZW_ASSIGN(auto run,
            controller::MakeSettleRun({.spec = roll_.spec,
                                       .seen = std::move(seen),
                                       .begun_by = begun ? &begun->file : nullptr,
                                       .verb = verb,
                                       .server = waits.id},
                                      {.run_id = run_id,
                                       .kind = "settle",
                                       .holder = "operator",
                                       .created_ms = roll_.world.now().count()}));
  ZW_ASSIGN(
      const auto identity,
      controller::AcquireRun(roll_.agents,
                             roll_.clock,
                             {.run_id = run_id, .holder = "operator " + std::to_string(lives_)}));
  return Drive(machine, identity, std::move(run), 0);
}

// A member that nobody may touch, because it is there and does not serve.
void Drill::EndByHand() {
  for (const auto& member : roll_.world.members()) {
    const auto& server = roll_.world.server(member.id);
    if (calm_lives_ > kPatientLives && server.process && !server.joined) {
      Tell("* the operator ends the process of server " + model::ToString(member.id));
      roll_.world.Kill(member.id);
    }
  }
}

std::optional<Drill::Ended> Drill::LiveOnce(const Life& life) {
  try {
    ++lives_;
    controller_runs_ = true;
    auto ended = life();
    if (!ended) {
      Tell("controller gave up: " + ended.error().message());
    }
    controller_runs_ = false;
    stop_requested_ = false;
    return ended;
  } catch (const ControllerKilled&) {
    return std::nullopt;
  }
}

bool Drill::NobodyIsDown() {
  const auto seen = roll_.agents.GetStatus(milliseconds(0));
  return std::none_of(seen.begin(), seen.end(), [](const auto& member) {
    return core::IsDown(member) || model::IsInFlight(member.operation.state);
  });
}

// Another operator has finished it.
Drill::Ended Drill::NothingToDo(const std::vector<model::MemberObservation>& seen) {
  nothing_to_do_ = true;
  core::RunState nothing_to_do;
  nothing_to_do.outcome = RunOutcome::kSucceeded;
  for (const auto& member : seen) {
    const auto& runs = roll_.repairs ? *member.current : roll_.target;
    nothing_to_do.servers.push_back({.id = member.id, .origin = runs, .target = runs});
  }
  return controller::EngineResult{.state = nothing_to_do};
}

// Nobody to repair; who is not known to serve may yet come back.
Drill::Ended Drill::NothingDown(const std::vector<model::MemberObservation>& seen) {
  const bool all = std::all_of(seen.begin(), seen.end(), [](const auto& member) {
    return member.current && model::IsServing(member.mode);
  });
  if (!all) {
    return base::Fail(base::ErrorCode::kUnavailable, "nobody is down, and not everybody serves");
  }
  return NothingToDo(seen);
}

base::Status Drill::CheckAllAnswer(const std::vector<model::MemberObservation>& seen) const {
  const bool silent =
      std::any_of(seen.begin(), seen.end(), [](const auto& member) { return !member.current; });
  return roll_.repairs || !silent ? base::Ok()
                                  : base::Fail(base::ErrorCode::kUnavailable,
                                               "no plan is made while an agent is silent");
}

Drill::Ended Drill::Live(bool take_over) {
  if (!schedule_.same_machine && lives_ > 1) {
    machines_.push_back(std::make_unique<Machine>(roll_.clock));
  }
  auto& machine = *machines_.back();
  nothing_to_do_ = false;
  const auto known = controller::CollectRuns(&machine.journal, &roll_.agents);
  const auto open = std::find_if(known.runs.begin(), known.runs.end(), [](const auto& run) {
    return run.open && run.record.run_id != kLeftBehind;
  });
  // Who serves needs no repair, whatever became of the run that was to do it.
  const bool moot = open != known.runs.end() && core::IsRepair(open->file.state) &&
                    open->file.state.outcome != RunOutcome::kNone && NobodyIsDown();
  if (open != known.runs.end() && !moot) {
    return Resume(machine, open->record.run_id, take_over);
  }
  if (aborting_) {
    return base::Fail(base::ErrorCode::kNotFound, "no run is open, there is nothing to abort");
  }
  const auto seen = roll_.agents.GetStatus(milliseconds(0));
  if (roll_.repairs && NobodyIsDown()) {
    return NothingDown(seen);
  }
  ZW_TRY(CheckAllAnswer(seen));
  if (!roll_.repairs && !roll_.restarts &&
      std::all_of(seen.begin(), seen.end(), [this](const auto& member) {
        return member.current->digest == roll_.target.digest;
      })) {
    return NothingToDo(seen);
  }
  // The last look, after the prompt.
  const auto again = roll_.agents.GetStatus(milliseconds(0));
  ZW_TRY(CheckAllAnswer(again));
  roll_.run_id = "run" + std::to_string(++runs_);
  auto run = roll_.NewRun(again);
  run.kind = VerbName(schedule_.verb);
  run.created_ms = roll_.world.now().count();
  ZW_ASSIGN(const auto identity,
            controller::AcquireRun(
                roll_.agents,
                roll_.clock,
                {.run_id = roll_.run_id, .holder = "operator " + std::to_string(lives_)}));
  return Drive(machine, identity, std::move(run), 0);
}

bool Drill::MostHave(const controller::RunRecord& record) {
  std::size_t have = 0;
  for (const auto& member : roll_.world.members()) {
    const auto& records = roll_.agents.agent(member.id).records;
    const auto stored = records.find(record.run_id);
    have += stored != records.end() && stored->second.state_json == record.state_json ? 1U : 0U;
  }
  return have >= controller::MajorityOf(roll_.world.members().size());
}

// As `zoowarden resume`, `rollback` and `abort` do it.
Drill::Ended Drill::Resume(Machine& machine, const std::string& run_id, bool take_over) {
  ZW_ASSIGN(const auto agreed, controller::FindAgreedRun(machine.journal, roll_.agents, run_id));
  ZW_ASSIGN(const auto identity,
            controller::AcquireRun(roll_.agents,
                                   roll_.clock,
                                   {.run_id = run_id,
                                    .holder = "operator " + std::to_string(lives_),
                                    .take_over = take_over}));
  auto now = controller::ReadAgain(machine.journal, roll_.agents, agreed.run, take_over);
  if (!now) {
    static_cast<void>(roll_.agents.Release(identity));
    return base::Fail(now.error());
  }
  auto run = agreed.run.file;
  run.state = now->file.state;
  if (MostHave(now->record)) {
    progress_.NoteOwed(run.state);
  }
  const bool closing = run.state.phase == core::RunPhase::kClosing;
  const bool gives_up = lives_ > schedule_.rolls_back_after || calm_lives_ > kPatientLives;
  const bool ended = run.state.phase == core::RunPhase::kEnded;
  if (aborting_ && ended) {
    static_cast<void>(roll_.agents.Release(identity));
    return base::Fail(base::ErrorCode::kFailedPrecondition, "nothing of the run is under way");
  }
  if (gives_up && !closing && !aborting_) {
    core::Reopen(run.state, RunGoal::kBack);
  } else if (ended) {
    core::Reopen(run.state, run.state.goal);
  }
  return Drive(machine, identity, std::move(run), now->record.sequence);
}

Drill::Ended Drill::Drive(Machine& machine,
                          const controller::RunIdentity& identity,
                          controller::RunFile run,
                          std::uint64_t sequence) {
  machine.checks.passing = checks_pass_;
  SimWriteStream writes(roll_.agents, roll_.world);
  ScriptedHooks hooks(roll_.clock);  // they end with their controller
  hooks.on_call = [this](const std::string& id) { hooks_called_.push_back(id); };
  hooks.passing = hooks_pass_;
  controller::Engine engine({.agents = roll_.agents,
                             .journal = machine.journal,
                             .clock = roll_.clock,
                             .checks = machine.checks,
                             .hooks = hooks,
                             .writes = writes,
                             .progress = progress_,
                             .stop_requested =
                                 [this, &machine, &hooks] {
                                   machine.checks.passing = checks_pass_;
                                   hooks.passing = hooks_pass_;
                                   return stop_requested_ || aborting_;
                                 },
                             .aborted_by = aborting_ ? "another operator" : ""},
                            identity,
                            std::move(run),
                            sequence);
  auto result = engine.Drive();
  static_cast<void>(roll_.agents.Release(engine.identity()));
  return result;
}

}  // namespace zoowarden::sim
