// What an earlier process of a rollout left: which commands still run, and what became of the rest.
#include "controller/fleet/fleet_driver.h"
#include "controller/fleet/fleet_outcome.h"

#include <algorithm>
#include <set>
#include <utility>

namespace zoowarden::controller {
namespace {

using core::EnsembleState;
using std::chrono::milliseconds;

constexpr milliseconds kWhileIdle{1'000};
constexpr milliseconds kToRecord{30'000};  // what a command needs at most before its first record

}  // namespace

base::Status FitRecord(const config::LoadedFleet& fleet, FleetRecord& record) {
  std::vector<FleetEntry> fitted;
  std::set<std::string> names;
  for (const auto& ensemble : fleet.ensembles) {
    const auto& name = ensemble.file.spec.name;
    names.insert(name);
    const auto* known = FindEntry(record, name);
    fitted.push_back(known != nullptr ? *known : FleetEntry{.ensemble = name});
  }
  for (const auto& entry : record.ensembles) {
    const bool going_on =
        entry.state == EnsembleState::kRunning || entry.state == EnsembleState::kOpen;
    if (going_on && !names.contains(entry.ensemble)) {
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "fleet.left_out",
                        "ensemble " + entry.ensemble + " was begun by rollout " + record.rollout +
                            " and has not ended, and " + fleet.path +
                            " does not name it any more; put it back, or bring its run to an end "
                            "with `zoowarden resume` first");
    }
  }
  record.ensembles = std::move(fitted);
  return base::Ok();
}

// The newest run of an ensemble that was begun, as its records have it.
std::optional<RunSeen> FleetDriver::FindRun(std::size_t index) {
  const auto& entry = at_.record.ensembles[index];
  const bool unseen = entry.state == EnsembleState::kRunning && entry.process.empty();
  auto run = at_.runs.Look(index, "", entry.began_ms, /*agents=*/true);
  // Killed between beginning a command and storing which process it is: that one may still plan.
  while (!run && unseen && at_.clock.WallTime().count() < entry.began_ms + kToRecord.count()) {
    at_.clock.SleepFor(kWhileIdle);
    run = at_.runs.Look(index, "", entry.began_ms, /*agents=*/true);
  }
  return run;
}

void FleetDriver::JudgeAgain(std::size_t index) {
  auto& entry = at_.record.ensembles[index];
  const bool failed = core::HasFailed(entry.state);
  const auto run = FindRun(index);
  entry.process.clear();
  if (!run) {
    entry.state = failed ? entry.state : EnsembleState::kWaiting;  // nothing was touched
    return;
  }
  const auto state = StateOf(*run);
  entry.run_id = run->run_id;
  // What a person brought in order meanwhile is in order.
  if (!failed || state == EnsembleState::kSucceeded || state == EnsembleState::kOpen) {
    entry.state = state;
    entry.ended_ms = core::HasEnded(state) ? at_.clock.WallTime().count() : 0;
    entry.message = core::HasFailed(state) ? run->text : "";
  }
}

void FleetDriver::ReconcileEntry(std::size_t index, bool retry) {
  auto& entry = at_.record.ensembles[index];
  if (entry.state == EnsembleState::kRunning && !entry.process.empty()) {
    if (auto command = at_.runs.FindCommand(entry.process)) {
      running_[index] = {.command = std::move(command)};
      at_.say(entry.ensemble + ": its command still runs and is looked on at");
      return;
    }
  }
  if (entry.state == EnsembleState::kUnhealthy) {
    entry.state = EnsembleState::kSucceeded;  // it is looked at again
    entry.verified = false;
    return;
  }
  if (entry.state == EnsembleState::kRunning || entry.state == EnsembleState::kOpen ||
      core::HasFailed(entry.state)) {
    JudgeAgain(index);
  }
  if (retry && core::HasFailed(entry.state)) {
    const bool open = entry.state == EnsembleState::kHalted || entry.state == EnsembleState::kStuck;
    entry.state = open ? EnsembleState::kOpen : EnsembleState::kWaiting;
    entry.began_ms = open ? entry.began_ms : 0;
    entry.retry = true;
    entry.message.clear();
  }
}

base::Status FleetDriver::Reconcile(bool retry) {
  const auto now = at_.clock.WallTime().count();
  for (std::size_t i = 0; i < at_.record.ensembles.size(); ++i) {
    ReconcileEntry(i, retry);
    // A clock that was set back must not make a soak longer.
    auto& entry = at_.record.ensembles[i];
    entry.ended_ms = std::min(entry.ended_ms, now);
  }
  return at_.save(at_.record);
}

}  // namespace zoowarden::controller
