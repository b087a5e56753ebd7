// Carries a rollout of a fleet out: asks core/fleet what comes next, has each ensemble's command
// run in a process of its own, and keeps the record. What is intended is stored before it is done.
//
// One thread. Whatever becomes of one ensemble's command, the others' are neither waited for longer
// nor spoken to; only the error budget keeps further ones from being begun.
#pragma once

#include "base/error.h"
#include "config/fleet_file.h"
#include "controller/fleet/ensemble_runs.h"
#include "controller/fleet/fleet_record.h"
#include "sys/clock.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct FleetWorkplace {
  const config::LoadedFleet& fleet;
  FleetRecord& record;  // one entry an ensemble of the fleet, in its order
  EnsembleRuns& runs;
  sys::Clock& clock;
  std::function<std::string()> new_run_id;
  std::function<base::Status(const FleetRecord&)> save;
  std::function<void(const std::string&)> say;  // a line for a person
  std::function<bool()> stop_requested;
};

enum class FleetEnd {
  kEnded,        // every ensemble has ended, failures within the budget
  kHalted,       // the budget is spent
  kInterrupted,  // stopped when asked to; what ran has come to a safe point
};

// Entries for the ensembles of the fleet in its order, those of the record kept.
// kFailedPrecondition `fleet.left_out`: an ensemble that is not at an end is not in the fleet any
// more.
[[nodiscard]] base::Status FitRecord(const config::LoadedFleet& fleet, FleetRecord& record);

class FleetDriver {
 public:
  explicit FleetDriver(FleetWorkplace workplace)
      : at_(std::move(workplace)),
        began_(at_.clock.BootTime()),
        began_wall_(at_.clock.WallTime()) {}

  // After an earlier process: commands that still run are looked on at, and what else began is
  // judged by its records. With `retry` all that the record says failed is tried again, and what is
  // found to have failed only now is not.
  [[nodiscard]] base::Status Reconcile(bool retry);
  // Until an end. Errors: the record cannot be stored; what runs goes on by itself.
  [[nodiscard]] base::Result<FleetEnd> Drive();

 private:
  struct Running {
    std::unique_ptr<EnsembleCommand> command;
    bool verifies = false;
    bool looks_on = false;                // at what somebody else carries out
    bool was_asked = false;               // to stop, by an earlier process
    bool run_seen = false;                // its run has a record
    std::chrono::milliseconds looked{0};  // boot time of the last look for its run
  };

  // Of one that has soaked and whose verification said nothing, boot time.
  struct Unlooked {
    std::chrono::milliseconds since{0};
    std::chrono::milliseconds last{0};
  };

  [[nodiscard]] std::chrono::milliseconds Now() const;
  [[nodiscard]] core::FleetDecision Decide() const;
  [[nodiscard]] base::Status TakeEnded();
  [[nodiscard]] base::Status Settle(std::size_t index, const Running& ended);
  [[nodiscard]] base::Status SettleVerified(std::size_t index, std::optional<int> exit_code);
  [[nodiscard]] bool NoteUnlooked(std::size_t index);
  [[nodiscard]] base::Status Begin(std::size_t index);
  [[nodiscard]] base::Status Verify(const std::vector<std::size_t>& indices);
  [[nodiscard]] EnsembleOrder OrderFor(std::size_t index) const;
  void LookForRuns();
  void ReconcileEntry(std::size_t index, bool retry);
  [[nodiscard]] bool FindItsCommand(std::size_t index);
  void JudgeAgain(std::size_t index, const std::optional<RunSeen>& run);
  void TryAgain(std::size_t index, const std::optional<RunSeen>& run);
  [[nodiscard]] base::Status InterruptOnce();
  void Tell(const core::FleetDecision& decision);
  void Wait(const core::FleetDecision& decision);
  [[nodiscard]] base::Status Fail(std::size_t index, const std::string& message);
  [[nodiscard]] std::string WaveOf(std::size_t index) const;

  FleetWorkplace at_;
  std::chrono::milliseconds began_;  // boot time
  std::chrono::milliseconds began_wall_;
  std::map<std::size_t, Running> running_;
  std::map<std::size_t, int> resumptions_;
  std::set<std::size_t> others_;      // whose runs somebody else carries out
  std::set<std::size_t> look_again_;  // that an earlier process found not in order
  std::map<std::size_t, Unlooked> unlooked_;
  bool stopping_ = false;
  std::string told_;
};

}  // namespace zoowarden::controller
