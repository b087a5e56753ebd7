// How a fleet's rollout reaches one ensemble: by commands of this program in processes of their
// own, and by the records of its runs. An ensemble is named by its index in the fleet.
#pragma once

#include "base/error.h"
#include "core/run_state.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace zoowarden::controller {

enum class EnsembleVerb {
  kBegin,   // the verb of the rollout
  kResume,  // goes on with a run that nobody carries out
  kAttach,  // looks on, while somebody carries it out
  kVerify,
};

struct EnsembleOrder {
  EnsembleVerb verb = EnsembleVerb::kBegin;
  std::string run_id;    // of kResume and kAttach; of kBegin the one that it is to have
  bool retry = false;    // of kBegin: also what was rolled back
  std::string approved;  // of kBegin: the digest of the desired state; empty = none was approved
};

// A command that carries an order out. It outlives this object and this program.
class EnsembleCommand {
 public:
  virtual ~EnsembleCommand() = default;
  [[nodiscard]] virtual bool Ended() = 0;
  // After its end; none for one that another process began.
  [[nodiscard]] virtual std::optional<int> ExitCode() = 0;
  // Asks it to stop at its next safe point.
  virtual void Interrupt() = 0;
  // Names it for FindCommand, on this machine until it is booted again.
  [[nodiscard]] virtual std::string Process() const = 0;
};

// A run of an ensemble, from the records on this machine and on its agents.
struct RunSeen {
  std::string run_id;
  bool ended = false;  // with `outcome`
  core::RunOutcome outcome = core::RunOutcome::kNone;
  std::string text;        // why it ended so
  bool open = false;       // it can be gone on with
  bool held = false;       // somebody carries it out now
  bool left_open = false;  // whoever did so last stopped at a safe point
  std::string by_another;  // who did so last, where that was no command of this rollout
};

class EnsembleRuns {
 public:
  virtual ~EnsembleRuns() = default;

  [[nodiscard]] virtual base::Result<std::unique_ptr<EnsembleCommand>> Start(
      std::size_t ensemble, const EnsembleOrder& order) = 0;
  // nullptr when it has gone.
  [[nodiscard]] virtual std::unique_ptr<EnsembleCommand> FindCommand(
      const std::string& process) = 0;
  // The command that was begun with this run id; nullptr when there is none, or none any more.
  [[nodiscard]] virtual std::unique_ptr<EnsembleCommand> FindBegun(const std::string& run_id) = 0;
  // The run of that id and no other. nullopt: there is none. `agents` also asks the ensemble's
  // agents, which may take seconds; those that do not answer are done without.
  [[nodiscard]] virtual std::optional<RunSeen> Look(std::size_t ensemble,
                                                    const std::string& run_id,
                                                    bool agents) = 0;
  // What its last command said in the end; may be empty.
  [[nodiscard]] virtual std::string LastWords(std::size_t ensemble) = 0;
};

}  // namespace zoowarden::controller
