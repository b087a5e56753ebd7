#include "controller/fleet/fleet_driver.h"

#include "base/counted.h"
#include "base/text.h"
#include "controller/cli/exit_codes.h"
#include "controller/cli/times.h"
#include "controller/fleet/fleet_outcome.h"

#include <algorithm>
#include <utility>

namespace zoowarden::controller {
namespace {

using core::EnsembleState;
using std::chrono::milliseconds;

constexpr milliseconds kWhileRunning{200};
constexpr milliseconds kWhileIdle{1'000};
constexpr milliseconds kBetweenLooks{2'000};
// For the lease of a verification that was killed to lapse.
constexpr milliseconds kToBeLookedAt{30'000};
constexpr milliseconds kWindowsAhead = std::chrono::hours(24 * 15);  // each weekday, twice
// Of one ensemble by one process: a command that breaks off again and again is for a person.
constexpr int kResumptions = 2;

// It was held by somebody else or ended by a signal, which tells nothing of the ensemble.
bool SaysNothing(const std::optional<int>& code) {
  return !code || *code == static_cast<int>(ExitCode::kHeld) ||
         *code == static_cast<int>(ExitCode::kTimeout) || *code > 128;
}

std::string Sentence(const std::string& text) { return base::Printable(text, 2'000); }

}  // namespace

std::string FleetDriver::WaveOf(std::size_t index) const {
  for (const auto& wave : at_.fleet.waves) {
    if (std::find(wave.ensembles.begin(), wave.ensembles.end(), index) != wave.ensembles.end()) {
      return wave.name;
    }
  }
  return "";
}

// Wall clock as it goes on from the beginning of this process: what somebody does to the clock
// after that makes no soak shorter or longer.
milliseconds FleetDriver::Now() const { return began_wall_ + (at_.clock.BootTime() - began_); }

core::FleetDecision FleetDriver::Decide() const {
  core::FleetInput input{.policy = at_.fleet.policy,
                         .waves = at_.fleet.waves,
                         .ensembles = {},
                         .windows = std::nullopt,
                         .now = at_.clock.WallTime()};
  const auto jumped = input.now - Now();
  for (std::size_t i = 0; i < at_.record.ensembles.size(); ++i) {
    const auto& entry = at_.record.ensembles[i];
    input.ensembles.push_back({.state = entry.state,
                               .ended = milliseconds(entry.ended_ms) + jumped,
                               .verified = entry.verified,
                               .look_again = look_again_.contains(i)});
  }
  if (at_.fleet.windows) {
    input.windows_known_until = input.now + kWindowsAhead;
    input.windows =
        config::OpenIntervals(*at_.fleet.windows, {input.now, input.windows_known_until});
  }
  return core::DecideFleet(input);
}

base::Status FleetDriver::Fail(std::size_t index, const std::string& message) {
  auto& entry = at_.record.ensembles[index];
  entry.state = EnsembleState::kFailed;
  entry.message = message;
  entry.process.clear();
  entry.ended_ms = Now().count();
  at_.say(entry.ensemble + ": failed: " + Sentence(message));
  return at_.save(at_.record);
}

// `resume` waits for the lease of a command that has gone to lapse, and is refused by one that
// lives and by whatever was done to the run meanwhile. Then it is looked on at.
EnsembleOrder FleetDriver::OrderFor(std::size_t index) const {
  const auto& entry = at_.record.ensembles[index];
  const auto verb = entry.state != EnsembleState::kOpen ? EnsembleVerb::kBegin
                    : others_.contains(index)           ? EnsembleVerb::kAttach
                                                        : EnsembleVerb::kResume;
  return {.verb = verb, .run_id = entry.run_id, .retry = entry.retry, .approved = entry.approved};
}

base::Status FleetDriver::Begin(std::size_t index) {
  auto& entry = at_.record.ensembles[index];
  if (entry.state == EnsembleState::kWaiting) {
    // One that was begun by an earlier process and left no trace keeps its id: should it have left
    // one that is not seen, the second command is refused.
    entry.run_id = entry.run_id.empty() ? at_.new_run_id() : entry.run_id;
    entry.began_ms = at_.clock.WallTime().count();
    entry.verified = false;
  }
  const auto order = OrderFor(index);
  entry.state = EnsembleState::kRunning;
  entry.ended_ms = 0;
  entry.exit_code.reset();
  entry.process.clear();
  // First: a command that nobody knows of would be begun a second time.
  ZW_TRY(at_.save(at_.record));
  auto command = at_.runs.Start(index, order);
  if (!command) {
    return Fail(index, command.error().message());
  }
  entry.process = (*command)->Process();
  const auto what = order.verb == EnsembleVerb::kBegin ? at_.record.verb + " begins"
                    : order.verb == EnsembleVerb::kResume
                        ? "run " + order.run_id + " goes on"
                        : "run " + order.run_id + " is carried out and looked on at";
  at_.say(entry.ensemble + " (wave " + WaveOf(index) + "): " + what);
  running_[index] = {.command = *std::move(command),
                     .looks_on = order.verb == EnsembleVerb::kAttach,
                     .run_seen = order.verb != EnsembleVerb::kBegin,
                     .looked = at_.clock.BootTime()};
  return at_.save(at_.record);
}

base::Status FleetDriver::Verify(const std::vector<std::size_t>& indices) {
  for (const auto index : indices) {
    if (running_.size() >= at_.fleet.policy.concurrency) {
      break;
    }
    const auto before = unlooked_.find(index);
    const bool again = before != unlooked_.end();
    if (running_.contains(index) ||
        (again && at_.clock.BootTime() - before->second.last < kBetweenLooks)) {
      continue;
    }
    auto command = at_.runs.Start(index, {.verb = EnsembleVerb::kVerify});
    if (!command) {
      ZW_TRY(Fail(index, command.error().message()));
      continue;
    }
    if (!again) {
      at_.say(at_.record.ensembles[index].ensemble +
              (look_again_.contains(index) ? ": is verified again" : ": has soaked, is verified"));
    }
    running_[index] = {.command = *std::move(command), .verifies = true};
  }
  return base::Ok();
}

// False once it has lasted for too long.
bool FleetDriver::NoteUnlooked(std::size_t index) {
  const auto now = at_.clock.BootTime();
  auto& unlooked = unlooked_.try_emplace(index, Unlooked{.since = now}).first->second;
  unlooked.last = now;
  return now - unlooked.since < kToBeLookedAt;
}

base::Status FleetDriver::SettleVerified(std::size_t index, std::optional<int> exit_code) {
  auto& entry = at_.record.ensembles[index];
  entry.verified = exit_code == 0;
  if (entry.verified) {
    look_again_.erase(index);
    unlooked_.erase(index);
    entry.state = EnsembleState::kSucceeded;
    entry.message.clear();
    return at_.save(at_.record);
  }
  if (stopping_ || (SaysNothing(exit_code) && NoteUnlooked(index))) {
    return base::Ok();  // it is looked at again
  }
  look_again_.erase(index);
  unlooked_.erase(index);
  entry.state = EnsembleState::kUnhealthy;
  entry.message = "not in order after the soak: " + at_.runs.LastWords(index);
  at_.say(entry.ensemble + ": unhealthy: " + Sentence(entry.message));
  return at_.save(at_.record);
}

base::Status FleetDriver::Settle(std::size_t index, const Running& ended) {
  auto& entry = at_.record.ensembles[index];
  const CommandEnd end{// How the looking on ended says nothing of the run.
                       .exit_code = ended.looks_on ? std::nullopt : ended.command->ExitCode(),
                       .run = at_.runs.Look(index, entry.run_id, /*agents=*/true),
                       .last_words = at_.runs.LastWords(index),
                       .looked_on = ended.looks_on,
                       .stopping = stopping_ || ended.was_asked,
                       .resumptions_left = kResumptions - resumptions_[index]};
  const auto result = EndOf(end);
  entry.state = result.state;
  entry.message = result.message;
  entry.exit_code = end.exit_code;
  entry.process.clear();
  others_.erase(index);
  if (result.others) {
    others_.insert(index);
  } else if (entry.state == EnsembleState::kOpen && !end.stopping) {
    ++resumptions_[index];
  }
  if (core::HasEnded(entry.state)) {
    entry.run_id = end.run ? end.run->run_id : "";
    entry.ended_ms = Now().count();
  }
  at_.say(entry.ensemble + ": " + std::string(core::EnsembleStateName(entry.state)) +
          (end.run ? " (run " + entry.run_id + ")" : "") +
          (entry.message.empty() ? "" : ": " + Sentence(entry.message)));
  return at_.save(at_.record);
}

base::Status FleetDriver::TakeEnded() {
  for (auto it = running_.begin(); it != running_.end();) {
    if (!it->second.command->Ended()) {
      ++it;
      continue;
    }
    const auto index = it->first;
    const auto ended = std::move(it->second);
    it = running_.erase(it);
    ZW_TRY(ended.verifies ? SettleVerified(index, ended.command->ExitCode())
                          : Settle(index, ended));
  }
  return base::Ok();
}

// So that a person knows from when on `zoowarden attach` shows it.
void FleetDriver::LookForRuns() {
  for (auto& [index, one] : running_) {
    const auto& entry = at_.record.ensembles[index];
    if (one.verifies || one.run_seen || at_.clock.BootTime() - one.looked < kBetweenLooks) {
      continue;
    }
    one.looked = at_.clock.BootTime();
    one.run_seen = at_.runs.Look(index, entry.run_id, /*agents=*/false).has_value();
    if (one.run_seen) {
      at_.say(entry.ensemble + ": run " + entry.run_id);
    }
  }
}

base::Status FleetDriver::InterruptOnce() {
  if (stopping_ || !at_.stop_requested()) {
    return base::Ok();
  }
  stopping_ = true;
  at_.say("stopping: no further ensemble is begun" +
          (running_.empty() ? std::string()
                            : "; " + base::Counted(running_.size(), "ensemble") + " that " +
                                  (running_.size() == 1 ? "runs is" : "run are") +
                                  " asked to stop at the next safe point"));
  for (const auto& [index, one] : running_) {
    if (!one.verifies && !one.looks_on) {
      at_.record.ensembles[index].state = EnsembleState::kOpen;
    }
  }
  // First: a run that stopped because it was asked to from here is gone on with, and no other.
  auto saved = at_.save(at_.record);
  for (auto& [index, one] : running_) {
    one.command->Interrupt();
  }
  return saved;
}

void FleetDriver::Tell(const core::FleetDecision& decision) {
  const auto& wave = at_.fleet.waves[decision.wave].name;
  std::string text;
  std::string key;
  switch (decision.reason) {
    case core::FleetReason::kSoak:
      key = "soak of " + wave;  // its end moves with the clock
      text = "wave " + wave + " has ended and soaks until " + Timestamp(*decision.until);
      break;
    case core::FleetReason::kWindow:
      text = "wave " + wave + " waits for a maintenance window until " + Timestamp(*decision.until);
      break;
    case core::FleetReason::kBudget:
      text = base::Counted(decision.failed, "ensemble") + " failed, the budget is " +
             std::to_string(at_.fleet.policy.error_budget) +
             ": no further one is begun, those that run come to their own ends";
      break;
    case core::FleetReason::kRunning:
    case core::FleetReason::kNone:
      return;
  }
  key = key.empty() ? text : key;
  if (key != told_) {
    at_.say(text);
    told_ = key;
  }
}

void FleetDriver::Wait(const core::FleetDecision& decision) {
  auto longest = running_.empty() ? kWhileIdle : kWhileRunning;
  if (decision.until) {
    longest = std::min(longest, std::max(*decision.until - at_.clock.WallTime(), milliseconds(1)));
  }
  at_.clock.SleepFor(longest);
}

base::Result<FleetEnd> FleetDriver::Drive() {
  while (true) {
    ZW_TRY(TakeEnded());
    LookForRuns();
    ZW_TRY(InterruptOnce());
    if (stopping_) {
      if (running_.empty()) {
        return FleetEnd::kInterrupted;
      }
      Wait({});
      continue;
    }
    const auto decision = Decide();
    const bool over =
        decision.step == core::FleetStep::kEnded || decision.step == core::FleetStep::kHalted;
    if (over && !running_.empty()) {
      Wait({});  // for a verification, which may find one more that is not in order
      continue;
    }
    switch (decision.step) {
      case core::FleetStep::kBegin:
        for (const auto index : decision.ensembles) {
          ZW_TRY(Begin(index));
        }
        break;
      case core::FleetStep::kVerify:
        ZW_TRY(Verify(decision.ensembles));
        Wait({});
        break;
      case core::FleetStep::kWait:
        Tell(decision);
        Wait(decision);
        break;
      case core::FleetStep::kEnded:
        at_.record.closed = true;
        ZW_TRY(at_.save(at_.record));
        return FleetEnd::kEnded;
      case core::FleetStep::kHalted:
        return FleetEnd::kHalted;
    }
  }
}

}  // namespace zoowarden::controller
