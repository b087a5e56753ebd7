// A whole simulated roll: three or more modelled servers, the real controller loop, the real agent
// state machines, virtual time.
#pragma once

#include "controller/run/engine.h"
#include "controller/run/lease.h"
#include "tests/sim/sim_agents.h"
#include "tests/sim/sim_writes.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::sim {

class MemoryRunJournal final : public controller::RunJournal {
 public:
  base::Status Save(const controller::RunRecord& record) override;
  base::Result<std::vector<controller::RunRecord>> List() override;
  base::Result<controller::RunRecord> Load(const std::string& run_id) override;
  bool full = false;  // nothing can be saved

 private:
  std::map<std::string, controller::RunRecord> records_;
};

// Passes unless told otherwise, at once unless it takes time.
class ScriptedChecks final : public controller::CheckRunner {
 public:
  explicit ScriptedChecks(sys::Clock& clock) : clock_(clock) {}

  std::vector<core::CheckVerdict> Run(const std::vector<model::HealthCheck>& checks,
                                      const model::Round& round) override;
  bool Start(const std::vector<model::HealthCheck>& checks, const model::Round& round) override;
  std::optional<std::vector<core::CheckVerdict>> Take() override;

  bool passing = true;
  std::string says = "scripted";
  std::chrono::milliseconds takes{0};
  int started = 0;

 private:
  sys::Clock& clock_;
  std::chrono::milliseconds ends_{0};
  std::optional<std::vector<core::CheckVerdict>> running_;
};

// Passes unless told otherwise; each call takes time.
class ScriptedHooks final : public controller::HookRunner {
 public:
  explicit ScriptedHooks(sys::Clock& clock) : clock_(clock) {}

  bool Start(const core::HookCall& call,
             const controller::RunFile& run,
             const model::Round& round) override;
  std::optional<core::HookReport> Take() override;

  bool passing = true;
  std::chrono::milliseconds takes{300};
  std::vector<std::string> called;  // ids, in order
  std::function<void(const std::string&)> on_call = [](const std::string&) {};

 private:
  sys::Clock& clock_;
  std::chrono::milliseconds ends_{0};
  std::optional<core::HookReport> running_;
};

class RecordingProgress final : public controller::Progress {
 public:
  void OnEvent(const core::Event& event) override { events.push_back(event); }
  void OnRound(const controller::RunFile& run,
               const core::Decision& decision,
               const model::Round& round) override;
  std::vector<core::Event> events;
  std::string waiting;
};

enum class Voting {
  kMajority,
  kInPairs,  // groups of two by id, of which more than half must be whole
};

struct Roll {
  explicit Roll(int servers = 3, int observers = 0, Voting voting = Voting::kMajority);

  // How `target` behaves on this server; call before the run.
  void Offer(model::ServerId id, Behaviour behaviour);
  // Every agent must answer.
  controller::RunFile NewRun() { return NewRun(agents.GetStatus(std::chrono::milliseconds(0))); }
  controller::RunFile NewRun(const std::vector<model::MemberObservation>& members);
  // Acquires the lease and drives the run to its end, or to a safe point when `stop` says so.
  base::Result<controller::EngineResult> Drive(controller::RunFile run, std::uint64_t sequence = 0);
  // The same for who holds the ensemble, and holds it afterwards.
  base::Result<controller::EngineResult> DriveHeld(const controller::RunIdentity& identity,
                                                   controller::RunFile run,
                                                   std::uint64_t sequence = 0);
  // Goes on from what a majority of agents has stored, as another machine would.
  base::Result<controller::EngineResult> Resume(core::RunGoal goal);

  [[nodiscard]] std::string Versions();                // "3.9.4 3.9.4 3.8.4"
  [[nodiscard]] std::vector<std::string> Proceeded();  // servers in the order they were stopped

  model::EnsembleSpec spec;
  World world;
  SimClock clock;
  SimAgents agents;
  SimWriteStream writes{agents, world};
  MemoryRunJournal journal;
  ScriptedChecks checks{clock};
  ScriptedHooks hooks{clock};
  RecordingProgress progress;
  std::function<bool()> stop = [] { return false; };
  std::string run_id = "run1";
  model::Generation target;  // of the next run
  bool repairs = false;      // it starts those that are down on `target`, or on what they have
  bool restarts = false;     // it starts every server again on what that runs, which is the target
};

}  // namespace zoowarden::sim
