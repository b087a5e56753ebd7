// Which ensembles of a fleet are begun now, and why no other is.
//
// A decision is a function of its arguments alone; the time is one of them. It never asks for
// anything about an ensemble that runs: another one's failure does not reach it.
#pragma once

#include "model/fleet.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace zoowarden::core {

// The names are stored in the record of a rollout: frozen (docs/formats.md).
enum class EnsembleState {
  kWaiting,      // not begun
  kOpen,         // begun, and nobody carries it out: to be gone on with
  kRunning,      // somebody carries it out
  kSucceeded,    // every server is new
  kNothingToDo,  // every server was new already
  kRolledBack,
  kHalted,
  kStuck,
  kRefused,    // before anything was touched
  kFailed,     // it ended otherwise, or could not be started
  kUnhealthy,  // it succeeded, and was not in order after the soak
};
[[nodiscard]] std::string_view EnsembleStateName(EnsembleState state);
[[nodiscard]] std::optional<EnsembleState> ParseEnsembleState(std::string_view name);
[[nodiscard]] bool HasEnded(EnsembleState state);
// What counts against the error budget.
[[nodiscard]] bool HasFailed(EnsembleState state);

struct FleetEnsemble {
  EnsembleState state = EnsembleState::kWaiting;
  model::WallTime ended{0};  // of the states that HasEnded
  bool verified = false;     // looked at after the soak
  bool look_again = false;   // of kUnhealthy: somebody may have brought it in order meanwhile
};

struct FleetInput {
  model::FleetPolicy policy;
  std::vector<model::FleetWave> waves;  // each ensemble is in exactly one
  std::vector<FleetEnsemble> ensembles;
  // Sorted and apart; those that end after `now` matter. None = at any time. Nothing is known of
  // the time after `windows_known_until`.
  std::optional<std::vector<model::TimeInterval>> windows;
  model::WallTime windows_known_until{0};
  model::WallTime now{0};
};

enum class FleetStep {
  kBegin,   // `ensembles`: those that wait begin, those that are open go on
  kVerify,  // `ensembles`: look at them, their wave has soaked
  kWait,    // for the end of one that runs, or until `until`
  kEnded,   // every ensemble has ended, and the budget held
  kHalted,  // more failed than the budget allows, and none runs any more
};

enum class FleetReason {
  kNone,
  kRunning,  // as many run as may, or the wave's last ones
  kSoak,     // the wave has ended
  kWindow,   // no maintenance window is open for long enough
  kBudget,   // the budget is spent; what runs is waited for
};

struct FleetDecision {
  FleetStep step = FleetStep::kWait;
  FleetReason reason = FleetReason::kNone;
  std::vector<std::size_t> ensembles;
  std::optional<model::WallTime> until;  // look again then at the latest; none = when one ends
  std::size_t wave = 0;                  // the one that is going on or soaks
  std::size_t failed = 0;
};

// Ensembles that are open go on before others begin, whatever the budget and the windows say: a
// mixed ensemble is worse than one that is carried to an end. Then those are looked at again that
// were not in order, whatever soak and waves say now: they count as failed until they are.
[[nodiscard]] FleetDecision DecideFleet(const FleetInput& input);

}  // namespace zoowarden::core
