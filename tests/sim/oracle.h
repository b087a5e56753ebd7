// Judges a simulated run by what is really so, not by what anybody was told: the invariants, after
// every event.
#pragma once

#include "tests/sim/sim_agents.h"
#include "tests/sim/world.h"

#include <deque>
#include <map>
#include <set>
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

 private:
  struct Reign {
    std::uint64_t epoch = 0;
    Time since{0};
  };

  void JudgeStop(model::ServerId id);
  void JudgeOrder(const ModelServer& server, const std::string& name);
  [[nodiscard]] bool Proved(const ModelServer& server) const;
  [[nodiscard]] std::size_t AgentsThatKnow(model::ServerId attempt);
  void NoteWrites();
  void NoteProved();
  void NoteReign();
  void NoteStandalone();

  World& world_;
  SimAgents& agents_;
  std::map<model::ServerId, Time> enough_without_;  // last time that the others were a quorum
  std::map<model::ServerId, Time> commanded_;       // last order to stop that was accepted
  std::map<model::ServerId, Time> standalone_since_;
  std::map<model::ServerId, std::uint64_t> stopped_;  // by us, and its process then
  std::deque<std::pair<Time, std::uint64_t>> committed_;
  std::uint64_t old_enough_ = 0;      // committed long enough ago to be in every proof
  std::set<model::ServerId> proved_;  // now
  std::set<model::ServerId> spare_;   // without whom these are a quorum
  std::vector<std::uint64_t> epochs_;
  std::vector<Reign> reigns_;  // epochs that a majority of agents had
  std::optional<model::ServerId> leader_;
  Time led_since_{0};
  std::vector<std::string> broken_;
};

}  // namespace zoowarden::sim
