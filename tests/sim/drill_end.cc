// Judges how a simulated run ended, and whether the next one finds its way.
#include "tests/sim/drill.h"

#include <algorithm>
#include <utility>

namespace zoowarden::sim {
namespace {

using core::RunOutcome;

constexpr int kNever = 1'000;
constexpr const char* kNext = "next";  // the generation that an edit asks for

}  // namespace

bool HasEnded(const core::RunState& state) {
  return state.outcome == RunOutcome::kSucceeded || state.outcome == RunOutcome::kRolledBack;
}

// Interrupted and gone on with as often as may be, a run comes to the end that it would have come
// to.
void Drill::JudgeInterrupted() {
  if (schedule_.verb == Verb::kRollBack || schedule_.incidents.empty() ||
      !OnlyInterrupts(schedule_)) {
    return;
  }
  // What clients feel between two controllers is not known: one of them may let pass what the other
  // would take everybody back for.
  if (schedule_.client_impact && schedule_.client_impact->then == model::OverBudget::kRollback) {
    return;
  }
  auto alone = schedule_;
  alone.incidents.clear();
  const auto undisturbed = Drill(std::move(alone)).CarryOut();
  if (undisturbed.outcome != last_->outcome) {
    oracle_.Break("I6",
                  "the interrupted run ends as " +
                      std::string(core::RunOutcomeName(last_->outcome)) + ", undisturbed it is " +
                      std::string(core::RunOutcomeName(undisturbed.outcome)));
  }
}

void Drill::JudgeEnd() {
  if (!last_ || !HasEnded(*last_)) {
    oracle_.Break("I5",
                  "the run does not end although everything is whole: " +
                      (last_ ? last_->outcome_text : std::string("it never began")));
    return;
  }
  JudgeServers();
  JudgeHooks();
  JudgeInterrupted();
  const bool left_down = roll_.repairs && !NobodyIsDown();  // whose agent was silent meanwhile
  if (oracle_.broken().empty() && !left_down &&
      (schedule_.seed % 8 == 0 || roll_.target.digest == kNext)) {
    RollOnceMore();
  }
}

// What was approved when the run began, whatever the operator wants by now.
std::string Drill::WantedOf(model::ServerId id) const {
  const auto& server = core::ServerOf(*last_, id);
  const bool by_itself = server.repair && !server.changed;
  return last_->outcome == RunOutcome::kSucceeded && !by_itself ? server.target.digest
                                                                : server.origin.digest;
}

void Drill::JudgeServers() {
  for (const auto& member : roll_.world.members()) {
    const auto wanted = WantedOf(member.id);
    const auto& server = roll_.world.server(member.id);
    const auto state = roll_.agents.agent(member.id).runner().state();
    const auto& asked = core::ServerOf(*last_, member.id);
    if (asked.restart && last_->outcome == RunOutcome::kSucceeded && server.process &&
        server.process->pid == first_pids_.at(member.id)) {
      oracle_.Break("I5", "server " + model::ToString(member.id) + " was never started again");
    }
    const bool not_seen = core::IsRepair(*last_) && wanted.empty();  // and left alone
    // Nor does a repair touch what another run left on a member that was not down.
    const bool left = core::IsRepair(*last_) && !asked.repair &&
                      roll_.agents.agent(member.id).runner().stored().run_id != last_->run_id;
    const bool other = !server.joined || server.process->generation != wanted ||
                       server.current != wanted || (model::IsInFlight(state) && !left);
    if (other && !not_seen) {
      oracle_.Break("I5",
                    "server " + model::ToString(member.id) + ", " +
                        std::string(model::OperationStateName(state)) +
                        ", is not as the outcome says: " + last_->outcome_text);
    }
  }
}

// At least once each: what was owed, every server that came to what the outcome says, the outcome.
void Drill::JudgeHooks() {
  if (nothing_to_do_ || !schedule_.has_hooks || !core::TellsHooks(*last_)) {
    return;
  }
  const auto judge = [&](const std::string& what, const auto& is_it) {
    if (std::none_of(hooks_called_.begin(), hooks_called_.end(), is_it)) {
      oracle_.Break("I14", "no hook was told of " + what);
    }
  };
  // One that is told after the run was opened again has a longer id, and is another.
  const auto& run = last_->run_id;
  for (const auto& owed : progress_.OwedBy(run)) {
    judge(owed, [&](const std::string& id) { return id == owed; });
  }
  const auto judge_any = [&](const std::string& start) {
    judge(start, [&](const std::string& id) { return id.starts_with(start); });
  };
  judge_any(run + "/after_run/run/");
  for (const auto& server : last_->servers) {
    if (server.changed) {
      judge_any(run + "/after_step/" + model::ToString(server.id) + "/");
    }
  }
}

void Drill::Edit() {
  roll_.target = {.digest = kNext, .version = {3, 9, 5}, .release_sha512 = std::string(128, 'a')};
  roll_.restarts = false;
  roll_.repairs = false;
  roll_.spec.policy.client_impact.reset();  // the next run is to succeed
  roll_.spec.release.version = roll_.target.version;
  for (const auto& member : roll_.world.members()) {
    roll_.Offer(member.id, Behaviour::kGood);
  }
}

// Whatever was left behind, the next run finds its way.
void Drill::RollOnceMore() {
  const auto outcome = last_;
  Edit();
  schedule_.rolls_back_after = kNever;
  calm_lives_ = 0;
  Operate();
  if (last_->outcome != RunOutcome::kSucceeded) {
    oracle_.Break("I5", "the next run does not succeed: " + last_->outcome_text);
    return;
  }
  JudgeServers();
  last_ = outcome;
}

}  // namespace zoowarden::sim
