// Judges a simulated run by what is really so, not by what anybody was told: the invariants of
// docs/simulation.md, after every event.
#pragma once

#include "core/run_state.h"
#include "tests/sim/sim_agents.h"
#include "tests/sim/world.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::sim {

class Oracle {
 public:
  Oracle(World& world, SimAgents& agents);
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  // After every tick.
  void Look();
  // "I10: server 2 was stopped ...", in the order in which they were found.
  [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
  void Break(const std::string& invariant, const std::string& text);

  // How long a step may take before a server has failed by itself.
  Time step_timeout{0};
  // The ensemble's own checks, when they last said no.
  Time vetoed{0};

 private:
  struct Reign {
    std::uint64_t epoch = 0;
    Time since{0};
  };
  // What its agent started last, and how that went.
  struct Start {
    std::uint64_t process = 0;  // its start time
    Time at{0};
    bool served = false;
    bool spoilt = false;  // it did not serve in time, or not all the time since
  };
  struct Watched {
    Time enough_without{
        0};  // last time that the others were a quorum with everything in their logs
    Time quorum_without{0};  // or at least a quorum
    Time commanded{0};       // last order to stop that was accepted
    std::optional<Time> standalone_since;
    std::optional<std::uint64_t> stopped;  // by us, and the start time of its process then
    std::string current;
    Start start;
  };

  void JudgeStop(model::ServerId id);
  void JudgeLaunch(model::ServerId id);
  void JudgeAim(model::ServerId id);
  void JudgeTakenBack(model::ServerId id);
  void JudgeRest(model::ServerId id, const std::string& name);
  void JudgeRecord(model::ServerId id, const std::string& name);
  void JudgeOrder(const ModelServer& server, const std::string& name);
  void JudgeFault(model::ServerId id, const std::string& name);
  [[nodiscard]] bool Proved(const ModelServer& server) const;
  enum class Known { kNow, kSinceBefore };
  [[nodiscard]] std::size_t AgentsThatKnow(model::ServerId attempt, Known how = Known::kNow);
  [[nodiscard]] std::size_t AgentsThatKnow(model::ServerId attempt,
                                           const std::string& run_id,
                                           Known how);
  // What its newest record says.
  [[nodiscard]] std::optional<core::RunState> StateOfRun(const std::string& run_id);
  void NoteWrites();
  void NoteProved();
  void NoteReign();
  void NoteStandalone(Watched& watched, const ModelServer& server);
  void NoteStart(Watched& watched, const ModelServer& server);
  void NoteServer(Watched& watched, const ModelServer& server);
  void NoteLosses();
  [[nodiscard]] Watched& Of(model::ServerId id) { return watched_.at(id.value - 1); }

  World& world_;
  SimAgents& agents_;
  std::vector<Watched> watched_;  // of each member
  std::deque<std::pair<Time, std::uint64_t>> committed_;
  std::uint64_t old_enough_ = 0;  // committed long enough ago to be in every proof
  std::optional<Present> proved_;
  std::optional<Present> serving_;
  Present spare_proved_ = 0;   // without whom these are a quorum
  Present spare_serving_ = 0;  // and these
  std::vector<std::uint64_t> epochs_;
  std::vector<Reign> reigns_;  // epochs that a majority of agents had
  std::optional<model::ServerId> leader_;
  Time led_since_{0};
  int losses_ = 0;
  int doubles_ = 0;
  std::vector<std::string> broken_;
};

}  // namespace zoowarden::sim
