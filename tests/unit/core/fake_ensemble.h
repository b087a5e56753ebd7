// An ensemble of values with its agents, for core::Decide: no state table, no probes, just what a
// round shows and what an action changes. Restarts take no time; a round takes `round_time`.
#pragma once

#include "core/run_decision.h"
#include "tests/unit/core/ensemble_values.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::core::testing {

enum class Start { kGood, kNeverJoins, kDies };

struct FakeServer {
  model::Member member;
  bool answers = true;
  bool frozen = false;
  bool alive = true;
  Start start = Start::kGood;  // of the running process
  std::string generation = "old";
  std::int32_t pid = 0;
  std::string started_by;
  model::OperationStatus operation;
  model::Instant deadline{0};
  std::set<std::string> on_disk = {"old"};
};

class FakeEnsemble {
 public:
  FakeEnsemble(std::uint32_t voters, std::uint32_t leader, std::uint32_t observers = 0);

  // What the test breaks.
  std::map<std::uint32_t, Start> starts;        // of the new generation, per server
  std::set<std::uint32_t> old_fails;            // the old generation does not come back there
  std::set<std::uint32_t> staging_fails;        // the agent refuses to stage
  std::set<std::uint32_t> staging_unavailable;  // the agent cannot stage now
  std::set<std::uint32_t> hides_processes;      // the agent may not see those of other users
  std::set<std::uint32_t> refuses;              // the agent refuses to stop, commit and go back
  int expiring_permits = 0;                     // so many come too late
  bool check_passes = true;
  std::optional<WritesSeen> writes;  // in the next round
  bool hooks_pass = true;
  bool hooks_end = true;
  std::vector<std::string> hooks;  // ids of the calls that were made, in order
  std::chrono::milliseconds round_time{200};

  model::Instant now{0};
  RunState state;
  RunMemory memory;
  Decision last;
  bool stop_requested = false;
  std::string aborted_by;
  std::vector<std::string> log;     // "proceed 2", "down 2" for one without a permit, ...
  std::vector<std::string> events;  // "rolled_back: text"

  FakeServer& At(std::uint32_t id);
  void MoveLeader(std::uint32_t id) { leader_ = id; }
  [[nodiscard]] std::uint32_t leader() const { return leader_; }
  void Crash(std::uint32_t id);
  void Boot(std::uint32_t id);  // by another hand, on what is current

  // One observation, decision and what follows. True when the run is over or interrupted.
  bool Step();
  // Until it is over or `rounds` have passed; true when it is over.
  bool Drive(int rounds = 3'000);
  // Until `done`; true when it came to that.
  template <typename Condition>
  bool DriveUntil(Condition done, int rounds = 3'000) {
    for (int i = 0; i < rounds && !done(); ++i) {
      if (Step()) {
        return done();
      }
    }
    return done();
  }
  void ForgetMemory() { memory = {}; }  // the controller died and came back
  [[nodiscard]] model::Round Observe();
  [[nodiscard]] bool Logged(const std::string& line) const;
  [[nodiscard]] std::size_t Count(const std::string& kind) const;
  [[nodiscard]] std::vector<std::string> Stops() const;  // proceed, down and roll_back lines
  [[nodiscard]] std::string Generations() const;         // "new old old"
  // What a decision must never do, found in the last one; empty when it did not.
  [[nodiscard]] std::string Violation(const model::Round& round) const;

 private:
  base::Status Apply(const Action& action);
  base::Status Stop(FakeServer& server, const Action& action);
  void Launch(FakeServer& server, const std::string& generation, Start start);
  void GoBack(FakeServer& server);
  void AgentsAlone();
  void Elect();
  [[nodiscard]] bool Joins(const FakeServer& server) const;
  [[nodiscard]] bool HasQuorum() const;

  std::vector<FakeServer> servers_;
  std::vector<model::Member> members_;
  std::uint32_t leader_ = 0;
  bool checks_wanted_ = false;
  std::optional<HookCall> hooks_wanted_;
  std::uint64_t round_number_ = 0;
  std::int32_t next_pid_ = 5000;
  int next_permit_ = 1;
  std::map<std::string, std::pair<std::uint32_t, model::Instant>> permits_;
};

}  // namespace zoowarden::core::testing
