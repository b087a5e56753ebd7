// A model of a ZooKeeper ensemble over virtual time: processes that start, join, serve, die, freeze
// and are stopped. Deterministic; as much of ZooKeeper as the gates look at and no more.
#pragma once

#include "model/observation.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::sim {

using Time = std::chrono::milliseconds;

enum class Behaviour {
  kGood,
  kNeverJoins,  // the process lives and stays outside the quorum
  kExits,       // the process ends as soon as it has started
  kDiesLater,   // serves, and ends 20 s after its start
  kStandalone,  // acknowledges writes alone
};

struct ModelGeneration {
  model::Generation generation;
  Behaviour behaviour = Behaviour::kGood;
};

struct ModelProcess {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;
  std::string generation;
  const ModelGeneration* runs = nullptr;  // that one
  Time started{0};
  std::optional<Time> exits;  // SIGTERM was sent
  bool frozen = false;
};

struct ModelServer {
  model::ServerId id;
  std::map<std::string, ModelGeneration> generations;
  std::string current;
  std::optional<ModelProcess> process;
  bool joined = false;
  std::uint64_t zxid = 0;                               // applied, in memory
  std::uint64_t durable = 0;                            // in its log
  Time log_lag{0};                                      // how long its log is behind
  std::deque<std::pair<Time, std::uint64_t>> unlogged;  // when each is in its log
  bool cut_off = false;                                 // from the other members
};

// Bit n = the n-th member.
using Present = std::uint64_t;

// What ZooKeeper takes for a quorum, said a second time: the product's arithmetic is on trial.
[[nodiscard]] bool IsQuorum(const std::vector<model::Member>& members, Present present);

class World {
 public:
  // Numbered 1 to n.
  explicit World(std::vector<model::Member> members);

  [[nodiscard]] Time now() const { return now_; }
  // Moves time and everything that happens by itself.
  void Advance(Time step);

  ModelServer& server(model::ServerId id) { return servers_.at(id.value - 1); }
  [[nodiscard]] const std::vector<model::Member>& members() const { return members_; }
  [[nodiscard]] std::optional<model::ServerId> leader() const { return leader_; }
  [[nodiscard]] int elections() const { return elections_; }
  [[nodiscard]] model::Mode ModeOf(model::ServerId id) const;
  [[nodiscard]] bool HasQuorum() const { return leader_.has_value(); }
  // The longest time without a leader since the first one, in virtual time.
  [[nodiscard]] int most_down_at_once() const { return most_down_; }

  void Install(model::ServerId id, const model::Generation& generation, Behaviour behaviour);
  void Start(model::ServerId id);
  void Terminate(model::ServerId id);
  void Kill(model::ServerId id);
  void Freeze(model::ServerId id, bool frozen);
  void CutOff(model::ServerId id, bool cut_off) { server(id).cut_off = cut_off; }
  // Its data directory is gone: it knows nothing when it is started again.
  void Wipe(model::ServerId id);
  // The leader loses its followers for a moment: there is an election, nobody restarts.
  void LoseLeader();
  // One transaction through a serving member; nullopt without a quorum.
  std::optional<std::uint64_t> Commit();
  // The newest transaction that a quorum has in its logs: clients were told that it is done.
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  // Elections that cost an acknowledged transaction, and who has the last such one in its log.
  [[nodiscard]] int losses() const { return losses_; }
  [[nodiscard]] Present had_lost() const { return had_lost_; }
  [[nodiscard]] bool was_wiped() const { return wiped_; }
  // Processes that were started while another one had the data directory.
  [[nodiscard]] int doubles() const { return doubles_; }

 private:
  [[nodiscard]] bool CanJoin(const ModelServer& server) const;
  [[nodiscard]] bool RunsStandalone(const ModelServer& server) const;
  [[nodiscard]] Present ThatHave(std::uint64_t zxid) const;
  void Exit(ModelServer& server);
  void WriteLog(ModelServer& server);
  void Acknowledge();
  void Elect();
  void Lead(Present able);
  void Append(ModelServer& server);

  std::vector<model::Member> members_;
  std::vector<ModelServer> servers_;  // of each member
  Time now_{1'000'000};
  std::optional<model::ServerId> leader_;
  std::optional<Time> leaderless_since_;
  int elections_ = 0;
  int most_down_ = 0;
  std::uint64_t zxid_ = 0x100000000;
  std::uint64_t acknowledged_ = 0;
  int losses_ = 0;
  Present had_lost_ = 0;
  bool wiped_ = false;
  int doubles_ = 0;
  std::int32_t next_pid_ = 100;
};

}  // namespace zoowarden::sim
