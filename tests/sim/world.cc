#include "tests/sim/world.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace zoowarden::sim {
namespace {

constexpr Time kStartUp{1'500};  // from exec to looking for a leader
constexpr Time kShutDown{350};   // from SIGTERM to exit
constexpr Time kElection{400};
constexpr Time kDiesAfter{20'000};

bool Has(Present present, std::size_t member) { return ((present >> member) & 1U) != 0; }

// Of one group, or of all voters when there are none: weight by weight.
bool HasMajority(const std::vector<model::Member>& members,
                 Present present,
                 std::optional<std::uint32_t> group) {
  std::uint64_t all = 0;
  std::uint64_t here = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto& member = members[i];
    if (member.role == model::Role::kParticipant && member.group == group) {
      all += member.weight;
      here += Has(present, i) ? member.weight : 0;
    }
  }
  return 2 * here > all;
}

}  // namespace

bool IsQuorum(const std::vector<model::Member>& members, Present present) {
  std::vector<std::uint32_t> groups;
  for (const auto& member : members) {
    if (member.role == model::Role::kParticipant && member.group && member.weight > 0 &&
        std::find(groups.begin(), groups.end(), *member.group) == groups.end()) {
      groups.push_back(*member.group);
    }
  }
  if (groups.empty()) {
    return HasMajority(members, present, std::nullopt);
  }
  const auto won = std::count_if(groups.begin(), groups.end(), [&](std::uint32_t group) {
    return HasMajority(members, present, group);
  });
  return 2 * static_cast<std::size_t>(won) > groups.size();
}

World::World(std::vector<model::Member> members) : members_(std::move(members)) {
  for (const auto& member : members_) {
    servers_.emplace_back().id = member.id;
    ZW_CHECK(member.id.value == servers_.size(), "modelled members are numbered from 1");
  }
}

void World::Install(model::ServerId id, const model::Generation& generation, Behaviour behaviour) {
  server(id).generations[generation.digest] = {generation, behaviour};
}

void World::Start(model::ServerId id) {
  auto& server = this->server(id);
  const auto runs = server.generations.find(server.current);
  if (runs == server.generations.end()) {
    return;  // there is nothing to start
  }
  doubles_ += server.process ? 1 : 0;
  ++next_pid_;
  server.process = ModelProcess{.pid = next_pid_,
                                .start_time = static_cast<std::uint64_t>(now_.count()),
                                .generation = server.current,
                                .runs = &runs->second,
                                .started = now_};
  server.joined = false;
}

void World::Terminate(model::ServerId id) {
  auto& process = server(id).process;
  if (process && !process->exits) {
    process->exits = now_ + kShutDown;
  }
}

// What its log had not got yet is lost with the process.
void World::Kill(model::ServerId id) {
  auto& server = this->server(id);
  server.process.reset();
  server.joined = false;
  server.unlogged.clear();
}

void World::Wipe(model::ServerId id) {
  Kill(id);
  wiped_ = true;
  server(id).zxid = 0;
  server(id).durable = 0;
}

void World::Freeze(model::ServerId id, bool frozen) {
  auto& server = this->server(id);
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
  for (auto& server : servers_) {
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
  for (auto& server : servers_) {
    server.joined = false;
  }
}

model::Mode World::ModeOf(model::ServerId id) const {
  const auto& server = servers_.at(id.value - 1);
  if (!server.process || server.process->frozen) {
    return model::Mode::kUnknown;
  }
  if (RunsStandalone(server)) {
    return model::Mode::kStandalone;
  }
  if (!server.joined || !leader_) {
    return model::Mode::kNotServing;
  }
  if (members_.at(id.value - 1).role == model::Role::kObserver) {
    return model::Mode::kObserver;
  }
  return leader_ == id ? model::Mode::kLeader : model::Mode::kFollower;
}

bool World::RunsStandalone(const ModelServer& server) const {
  return server.process && server.process->runs->behaviour == Behaviour::kStandalone &&
         now_ - server.process->started >= kStartUp;
}

bool World::CanJoin(const ModelServer& server) const {
  if (!server.process || server.process->frozen || server.process->exits || server.cut_off ||
      now_ - server.process->started < kStartUp) {
    return false;
  }
  const auto behaviour = server.process->runs->behaviour;
  return behaviour == Behaviour::kGood || behaviour == Behaviour::kDiesLater;
}

void World::Exit(ModelServer& server) {
  if (!server.process) {
    return;
  }
  const auto& process = *server.process;
  const auto behaviour = process.runs->behaviour;
  const bool dies = behaviour == Behaviour::kExits ||
                    (behaviour == Behaviour::kDiesLater && now_ - process.started >= kDiesAfter);
  if (dies || (process.exits && *process.exits <= now_ && !process.frozen)) {
    Kill(server.id);
  }
}

void World::WriteLog(ModelServer& server) {
  const bool writes = server.process && !server.process->frozen;
  while (writes && !server.unlogged.empty() && server.unlogged.front().first <= now_) {
    server.durable = server.unlogged.front().second;
    server.unlogged.pop_front();
  }
}

Present World::ThatHave(std::uint64_t zxid) const {
  Present have = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    have |= Present{servers_[i].durable >= zxid ? 1U : 0U} << i;
  }
  return have;
}

void World::Acknowledge() {
  Present joined = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    joined |= Present{servers_[i].joined ? 1U : 0U} << i;
  }
  for (const auto& server : servers_) {
    if (server.durable > acknowledged_ && IsQuorum(members_, joined & ThatHave(server.durable))) {
      acknowledged_ = server.durable;
    }
  }
}

// The longest log wins, of equal ones the highest id.
void World::Lead(Present able) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].role == model::Role::kParticipant && Has(able, i) &&
        (!leader_ || servers_[i].durable >= server(*leader_).durable)) {
      leader_ = members_[i].id;
    }
  }
  const auto& leader = server(*leader_);
  if (leader.durable < acknowledged_) {
    ++losses_;
    had_lost_ = ThatHave(acknowledged_);
    acknowledged_ = leader.durable;
  }
  ++elections_;
  zxid_ = ((zxid_ >> 32U) + 1) << 32U;
}

void World::Elect() {
  Present able = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto& server = servers_[i];
    if (CanJoin(server)) {
      able |= Present{1} << i;
    } else if (server.process && !server.process->frozen) {
      server.joined = false;
    }
  }
  const bool enough = IsQuorum(members_, able);
  if (leader_ && (!enough || !Has(able, leader_->value - 1))) {
    LoseLeader();
  }
  if (!leader_ && enough && (!leaderless_since_ || now_ - *leaderless_since_ >= kElection)) {
    Lead(able);
  }
  if (!leader_) {
    return;
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto& server = servers_[i];
    if (Has(able, i) && !server.joined) {
      server.joined = true;
      server.unlogged.clear();
      Append(server);
    }
  }
}

void World::Advance(Time step) {
  now_ += step;
  for (auto& server : servers_) {
    Exit(server);
    WriteLog(server);
  }
  Elect();
  Acknowledge();
  if (leader_) {  // while one is elected nobody has joined
    const auto down = std::count_if(
        servers_.begin(), servers_.end(), [](const ModelServer& server) { return !server.joined; });
    most_down_ = std::max(most_down_, static_cast<int>(down));
  }
}

}  // namespace zoowarden::sim
