#include "tests/sim/world.h"

#include "core/quorum.h"

#include <algorithm>
#include <set>

namespace zoowarden::sim {
namespace {

constexpr Time kStartUp{1'500};  // from exec to looking for a leader
constexpr Time kShutDown{350};   // from SIGTERM to exit
constexpr Time kElection{400};
constexpr Time kDiesAfter{20'000};

}  // namespace

World::World(std::vector<model::Member> members) : members_(std::move(members)) {
  for (const auto& member : members_) {
    servers_[member.id].id = member.id;
  }
}

void World::Install(model::ServerId id, const model::Generation& generation, Behaviour behaviour) {
  servers_.at(id).generations[generation.digest] = {generation, behaviour};
}

void World::Start(model::ServerId id) {
  auto& server = servers_.at(id);
  ++next_pid_;
  server.process = ModelProcess{.pid = next_pid_,
                                .start_time = static_cast<std::uint64_t>(now_.count()),
                                .generation = server.current,
                                .started = now_};
  server.joined = false;
}

void World::Terminate(model::ServerId id) {
  auto& process = servers_.at(id).process;
  if (process && !process->exits) {
    process->exits = now_ + kShutDown;
  }
}

// What its log had not got yet is lost with the process.
void World::Kill(model::ServerId id) {
  auto& server = servers_.at(id);
  server.process.reset();
  server.joined = false;
  server.unlogged.clear();
}

void World::Freeze(model::ServerId id, bool frozen) {
  auto& server = servers_.at(id);
  if (server.process) {
    server.process->frozen = frozen;
    if (!frozen && server.joined) {
      Append(server);  // what waited in its sockets
    }
  }
}

std::optional<std::uint64_t> World::Commit() {
  if (!leader_) {
    return std::nullopt;
  }
  ++zxid_;
  for (auto& [id, server] : servers_) {
    if (server.joined && !server.process->frozen) {
      Append(server);
    }
  }
  return zxid_;
}

void World::Append(ModelServer& server) {
  server.zxid = zxid_;
  if (server.log_lag == Time(0)) {
    server.durable = zxid_;
    server.unlogged.clear();
  } else {
    server.unlogged.emplace_back(now_ + server.log_lag, zxid_);
  }
}

void World::LoseLeader() {
  leader_.reset();
  leaderless_since_ = now_;
  for (auto& [id, server] : servers_) {
    server.joined = false;
  }
}

model::Mode World::ModeOf(model::ServerId id) const {
  const auto& server = servers_.at(id);
  if (!server.process || server.process->frozen) {
    return model::Mode::kUnknown;
  }
  if (RunsStandalone(server)) {
    return model::Mode::kStandalone;
  }
  if (!server.joined || !leader_) {
    return model::Mode::kNotServing;
  }
  const auto member = std::find_if(
      members_.begin(), members_.end(), [id](const model::Member& m) { return m.id == id; });
  if (member->role == model::Role::kObserver) {
    return model::Mode::kObserver;
  }
  return leader_ == id ? model::Mode::kLeader : model::Mode::kFollower;
}

bool World::RunsStandalone(const ModelServer& server) const {
  return server.process && now_ - server.process->started >= kStartUp &&
         server.generations.at(server.process->generation).behaviour == Behaviour::kStandalone;
}

bool World::CanJoin(const ModelServer& server) const {
  if (!server.process || server.process->frozen || server.process->exits || server.cut_off ||
      now_ - server.process->started < kStartUp) {
    return false;
  }
  const auto behaviour = server.generations.at(server.process->generation).behaviour;
  return behaviour == Behaviour::kGood || behaviour == Behaviour::kDiesLater;
}

void World::ExitProcesses() {
  for (auto& [id, server] : servers_) {
    if (!server.process) {
      continue;
    }
    const auto& process = *server.process;
    const auto behaviour = server.generations.at(process.generation).behaviour;
    const bool dies = behaviour == Behaviour::kExits ||
                      (behaviour == Behaviour::kDiesLater && now_ - process.started >= kDiesAfter);
    if (dies || (process.exits && *process.exits <= now_ && !process.frozen)) {
      Kill(id);
    }
  }
}

void World::WriteLogs() {
  for (auto& [id, server] : servers_) {
    const bool writes = server.process && !server.process->frozen;
    while (writes && !server.unlogged.empty() && server.unlogged.front().first <= now_) {
      server.durable = server.unlogged.front().second;
      server.unlogged.pop_front();
    }
  }
}

void World::Acknowledge() {
  std::set<std::uint64_t> logged;
  for (const auto& [id, server] : servers_) {
    logged.insert(server.durable);
  }
  for (auto zxid = logged.rbegin(); zxid != logged.rend() && *zxid > acknowledged_; ++zxid) {
    std::set<model::ServerId> have;
    for (const auto& [id, server] : servers_) {
      if (server.joined && server.durable >= *zxid) {
        have.insert(id);
      }
    }
    if (core::ContainsQuorum(members_, have)) {
      acknowledged_ = *zxid;
    }
  }
}

// The longest log wins, of equal ones the highest id.
void World::Lead(const std::set<model::ServerId>& able) {
  for (const auto& member : members_) {
    if (member.role == model::Role::kParticipant && able.contains(member.id) &&
        (!leader_ || servers_.at(member.id).durable >= servers_.at(*leader_).durable)) {
      leader_ = member.id;
    }
  }
  auto& leader = servers_.at(*leader_);
  losses_ += leader.durable < acknowledged_ ? 1 : 0;
  acknowledged_ = std::min(acknowledged_, leader.durable);
  started_ = true;
  ++elections_;
  zxid_ = ((zxid_ >> 32U) + 1) << 32U;
}

void World::Elect() {
  std::set<model::ServerId> able;
  for (auto& [id, server] : servers_) {
    if (CanJoin(server)) {
      able.insert(id);
    } else if (server.process && !server.process->frozen) {
      server.joined = false;
    }
  }
  if (leader_ && (!able.contains(*leader_) || !core::ContainsQuorum(members_, able))) {
    LoseLeader();
  }
  if (!leader_ && core::ContainsQuorum(members_, able) &&
      (!leaderless_since_ || now_ - *leaderless_since_ >= kElection)) {
    Lead(able);
  }
  if (!leader_) {
    return;
  }
  for (const auto id : able) {
    auto& server = servers_.at(id);
    if (!server.joined) {
      server.joined = true;
      server.unlogged.clear();
      Append(server);
    }
  }
}

void World::Advance(Time step) {
  now_ += step;
  ExitProcesses();
  WriteLogs();
  Elect();
  Acknowledge();
  const auto down = std::count_if(
      servers_.begin(), servers_.end(), [](const auto& entry) { return !entry.second.joined; });
  if (leader_) {  // while one is elected nobody has joined
    most_down_ = std::max(most_down_, static_cast<int>(down));
  }
}

}  // namespace zoowarden::sim
