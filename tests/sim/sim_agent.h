// One agent of the simulation: the real operation runner and lease keeper over a modelled server
// and a journal in memory. Restarting it throws the runner away and opens a new one over what is
// stored.
#pragma once

#include "agent/operation/lease_keeper.h"
#include "agent/operation/runner.h"
#include "controller/run/agents.h"
#include "sys/clock.h"
#include "tests/sim/model_disk.h"
#include "tests/sim/world.h"
#include "tests/support/memory_operation_journal.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace zoowarden::sim {

// Thrown out of whatever an agent is doing: kill -9.
struct AgentKilled {};

// A virtual clock: sleeping moves the world and lets every agent work.
class SimClock final : public sys::Clock {
 public:
  explicit SimClock(World& world) : world_(world) {}
  std::chrono::milliseconds BootTime() override { return world_.now(); }
  std::chrono::milliseconds WallTime() override { return world_.now(); }
  void SleepFor(std::chrono::milliseconds duration) override { sleep(duration); }

  // Set by the ensemble of agents, which steps them while time passes.
  std::function<void(std::chrono::milliseconds)> sleep;

 private:
  World& world_;
};

class ModelHost final : public agent::ServerHost {
 public:
  ModelHost(World& world, model::ServerId id) : world_(world), id_(id) {}

  std::string BootId() override { return "boot"; }
  core::Reality Look(const core::OperationRecord& record, agent::LookAt what) override;
  base::Status CheckMayBegin() override { return base::Ok(); }
  base::Result<model::Generation> Stage(const agent::StageRequest& request) override;
  // The planner installs nothing in the simulation.
  base::Status CheckDataIsEmpty() override { return base::Ok(); }
  base::Status PrepareData() override { return base::Ok(); }
  base::Status SwitchTo(const std::string& generation) override;
  base::Status Launch() override;
  base::Status Signal(const model::Process& process,
                      agent::StopSignal signal,
                      const agent::StopCheck& still) override;

  // Burns before and after everything that changes the server.
  Fuse fuse;
  void BurnFuse();
  // Told before a signal leaves.
  std::function<void(model::ServerId)> on_signal = [](model::ServerId) {};
  // Told of what it has started.
  std::function<void(model::ServerId)> on_launch = [](model::ServerId) {};

 private:
  // `current` on the disk as the model has it.
  void Prepare();

  World& world_;
  model::ServerId id_;
  ModelDisk disk_;
};

class SimAgent {
 public:
  SimAgent(World& world, SimClock& clock, model::ServerId id);

  void Step();
  void Restart();  // kill -9 and start again
  void Kill();
  void Start();
  [[nodiscard]] bool runs() const { return runner_.has_value(); }
  // Whether calls reach it and are carried out.
  [[nodiscard]] bool Answers() const { return reachable && runs() && !frozen; }
  [[nodiscard]] model::MemberObservation Look();

  [[nodiscard]] model::ServerId id() const { return id_; }
  [[nodiscard]] agent::OperationRunner& runner() { return *runner_; }
  [[nodiscard]] agent::LeaseKeeper& lease() { return *lease_; }
  [[nodiscard]] ModelHost& host() { return host_; }
  [[nodiscard]] test::MemoryOperationJournal& journal() { return journal_; }
  std::map<std::string, controller::RunRecord> records;
  bool reachable = true;
  bool frozen = false;
  bool closes_sessions = false;  // those opened with lastZxidSeen

 private:
  void Open();

  World& world_;
  SimClock& clock_;
  model::ServerId id_;
  ModelHost host_;
  test::MemoryOperationJournal journal_;
  std::optional<agent::OperationRunner> runner_;
  std::optional<agent::LeaseKeeper> lease_;
};

}  // namespace zoowarden::sim
