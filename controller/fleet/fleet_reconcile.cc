// What an earlier process of a rollout left: which commands still run, and what became of the rest.
#include "controller/fleet/fleet_driver.h"
#include "controller/fleet/fleet_outcome.h"

#include <algorithm>
#include <set>
#include <utility>

namespace zoowarden::controller {
namespace {

using core::EnsembleState;

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

// A command of an earlier process that still runs. Killed between beginning one and storing which
// process it is, that one knew its run's id only.
bool FleetDriver::FindItsCommand(std::size_t index) {
  auto& entry = at_.record.ensembles[index];
  const bool was_asked = entry.state == EnsembleState::kOpen;
  if ((entry.state != EnsembleState::kRunning && !was_asked) || entry.run_id.empty()) {
    return false;
  }
  auto command = entry.process.empty() ? at_.runs.FindBegun(entry.run_id)
                                       : at_.runs.FindCommand(entry.process);
  if (!command) {
    return false;
  }
  entry.state = EnsembleState::kRunning;
  entry.process = command->Process();
  running_[index] = {.command = std::move(command), .was_asked = was_asked};
  at_.say(entry.ensemble + ": its command still runs and is looked on at");
  return true;
}

// By its own run alone: another one of the ensemble says nothing of what this rollout is for.
void FleetDriver::JudgeAgain(std::size_t index, const std::optional<RunSeen>& run) {
  auto& entry = at_.record.ensembles[index];
  const auto before = entry.state;
  entry.process.clear();
  if (!run) {
    // Nothing was touched.
    entry.state = core::HasFailed(before) ? before : EnsembleState::kWaiting;
    return;
  }
  const auto state = StateOf(*run);
  if (state == EnsembleState::kOpen && core::HasFailed(before)) {
    return;  // what failed is tried again only when that is asked for
  }
  entry.state = state;
  entry.message = core::HasFailed(state) ? run->text : "";
  if (state == EnsembleState::kOpen) {
    // What stopped because it was asked to from here is gone on with.
    const bool asked = before == EnsembleState::kOpen && run->by_another.empty();
    const auto end = EndOf({.run = run, .stopping = asked, .resumptions_left = 1});
    entry.state = end.state;
    entry.message = end.message;
    if (end.others) {
      others_.insert(index);
    }
  }
  if (entry.state != before) {
    entry.ended_ms = core::HasEnded(entry.state) ? Now().count() : 0;
  }
}

void FleetDriver::TryAgain(std::size_t index, const std::optional<RunSeen>& run) {
  auto& entry = at_.record.ensembles[index];
  const bool open = run && run->open;
  entry.state = open ? EnsembleState::kOpen : EnsembleState::kWaiting;
  entry.run_id = open ? run->run_id : "";
  entry.retry = true;
  entry.message.clear();
  if (open && run->held && !run->by_another.empty()) {
    others_.insert(index);
  }
}

void FleetDriver::ReconcileEntry(std::size_t index, bool retry) {
  auto& entry = at_.record.ensembles[index];
  if (FindItsCommand(index)) {
    return;
  }
  if (entry.state == EnsembleState::kUnhealthy) {
    look_again_.insert(index);
    return;
  }
  if (entry.state != EnsembleState::kRunning && entry.state != EnsembleState::kOpen &&
      !core::HasFailed(entry.state)) {
    return;
  }
  // What is found to have failed only now was not among what a person has been shown.
  const bool shown = core::HasFailed(entry.state);
  const auto run =
      entry.run_id.empty() ? std::nullopt : at_.runs.Look(index, entry.run_id, /*agents=*/true);
  JudgeAgain(index, run);
  if (retry && shown && core::HasFailed(entry.state)) {
    TryAgain(index, run);
  }
}

base::Status FleetDriver::Reconcile(bool retry) {
  const auto now = Now().count();
  for (std::size_t i = 0; i < at_.record.ensembles.size(); ++i) {
    ReconcileEntry(i, retry);
    // A clock that was set back meanwhile must not make a soak longer than it is.
    auto& entry = at_.record.ensembles[i];
    entry.ended_ms = std::min(entry.ended_ms, now);
  }
  return at_.save(at_.record);
}

}  // namespace zoowarden::controller
