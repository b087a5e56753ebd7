#include "tests/sim/oracle.h"

#include "controller/run/lease.h"
#include "controller/run/run_file.h"
#include "core/quorum.h"

#include <algorithm>

namespace zoowarden::sim {
namespace {

using std::chrono::milliseconds;

// A permit lives 3 s; a call and a step of the agent come on top.
constexpr milliseconds kOrderAge{3'500};
// The round in which the others were proved may end as long before that, and its canary was
// committed when it began.
constexpr milliseconds kProofAge = kOrderAge + milliseconds(3'000);
// An agent notices what it started, and a process takes this long to end.
constexpr milliseconds kStandaloneAge{2'000};
// A leader that is younger may not have been seen.
constexpr milliseconds kKnownLeaderAge = kProofAge;

}  // namespace

Oracle::Oracle(World& world, SimAgents& agents) : world_(world), agents_(agents) {
  for (const auto& member : world.members()) {
    agents.agent(member.id).host().on_signal = [this](model::ServerId id) { JudgeStop(id); };
  }
  agents.answered = [this](const std::string& method,
                           model::ServerId id,
                           const controller::Call& /*call*/,
                           const base::Status& result) {
    if (result && (method == "proceed" || method == "roll_back")) {
      commanded_[id] = world_.now();
    }
  };
}

void Oracle::Break(const std::string& invariant, const std::string& text) {
  broken_.push_back(invariant + ": " + text + " (at " + std::to_string(world_.now().count()) +
                    " ms)");
}

bool Oracle::Proved(const ModelServer& server) const {
  return server.joined && server.process && !server.process->frozen && !server.cut_off &&
         server.durable >= old_enough_;
}

void Oracle::Look() {
  NoteWrites();
  if (leader_ != world_.leader()) {
    leader_ = world_.leader();
    led_since_ = world_.now();
  }
  NoteProved();
  for (auto stopped = stopped_.begin(); stopped != stopped_.end();) {
    const auto& server = world_.server(stopped->first);
    const bool back = server.joined && server.process->start_time != stopped->second;
    stopped = back ? stopped_.erase(stopped) : std::next(stopped);
  }
  NoteReign();
  NoteStandalone();
  if (world_.losses() > 0) {
    Break("I3", "an acknowledged write was lost");
  }
}

// Clients write all the time.
void Oracle::NoteWrites() {
  if (const auto zxid = world_.Commit()) {
    committed_.emplace_back(world_.now(), *zxid);
  }
  while (!committed_.empty() && committed_.front().first <= world_.now() - kProofAge) {
    old_enough_ = committed_.front().second;
    committed_.pop_front();
  }
}

void Oracle::NoteProved() {
  std::set<model::ServerId> proved;
  for (const auto& member : world_.members()) {
    if (Proved(world_.server(member.id))) {
      proved.insert(member.id);
    }
  }
  if (proved != proved_) {
    proved_ = std::move(proved);
    spare_.clear();
    for (const auto& member : world_.members()) {
      auto others = proved_;
      others.erase(member.id);
      if (core::ContainsQuorum(world_.members(), others)) {
        spare_.insert(member.id);
      }
    }
  }
  for (const auto id : spare_) {
    if (world_.leader()) {
      enough_without_[id] = world_.now();
    }
  }
}

void Oracle::NoteReign() {
  auto& epochs = epochs_;
  epochs.clear();
  for (const auto& member : world_.members()) {
    epochs.push_back(agents_.agent(member.id).journal().fence.owner.epoch);
  }
  std::sort(epochs.rbegin(), epochs.rend());
  const auto highest = epochs.at(controller::MajorityOf(epochs.size()) - 1);
  if (reigns_.empty() || reigns_.back().epoch < highest) {
    reigns_.push_back({highest, world_.now()});
  }
}

// Whose agent cannot do anything about it is left out.
void Oracle::NoteStandalone() {
  for (const auto& member : world_.members()) {
    const auto& agent = agents_.agent(member.id);
    if (world_.ModeOf(member.id) != model::Mode::kStandalone || !agent.runs() || agent.frozen ||
        agents_.agent(member.id).journal().failing_saves > 0) {
      standalone_since_.erase(member.id);
    } else if (world_.now() -
                   standalone_since_.try_emplace(member.id, world_.now()).first->second ==
               kStandaloneAge) {
      Break("I10", "server " + model::ToString(member.id) + " runs standalone and is left alone");
    }
  }
}

std::size_t Oracle::AgentsThatKnow(model::ServerId attempt) {
  std::size_t know = 0;
  for (const auto& member : world_.members()) {
    const auto& records = agents_.agent(member.id).records;
    know += static_cast<std::size_t>(
        std::any_of(records.begin(), records.end(), [&](const auto& entry) {
          const auto run = controller::DecodeRun(entry.second.state_json);
          return run && run->state.attempt == attempt;
        }));
  }
  return know;
}

void Oracle::JudgeStop(model::ServerId id) {
  const auto& server = world_.server(id);
  const auto name = "server " + model::ToString(id);
  if (!server.joined) {
    return;  // it counts for nothing
  }
  for (const auto& [other, start_time] : stopped_) {
    if (other != id) {
      Break("I2",
            name + " is stopped while server " + model::ToString(other) +
                ", stopped by us, is not back");
    }
  }
  if (world_.now() - enough_without_[id] > kOrderAge) {
    Break("I10", name + " is stopped, and the others were no quorum with everything in their logs");
  }
  if (world_.now() - commanded_[id] > kOrderAge) {
    Break("I10", name + " serves and is stopped, and nobody asked for it");
  }
  const auto epoch = agents_.agent(id).journal().operation.epoch;
  for (const auto& reign : reigns_) {
    if (reign.epoch > epoch && world_.now() - reign.since > kOrderAge) {
      Break("I4",
            name + " is stopped for epoch " + std::to_string(epoch) +
                " while a majority has obeyed epoch " + std::to_string(reign.epoch));
      break;
    }
  }
  if (AgentsThatKnow(id) < controller::MajorityOf(world_.members().size())) {
    Break("I14", name + " is stopped before a majority of agents has it in its record");
  }
  JudgeOrder(server, name);
  stopped_[id] = server.process->start_time;
}

// Forward, the leader goes last.
void Oracle::JudgeOrder(const ModelServer& server, const std::string& name) {
  if (leader_ != server.id || world_.now() - led_since_ < kKnownLeaderAge ||
      server.process->generation != "old") {
    return;
  }
  for (const auto& member : world_.members()) {
    const auto& other = world_.server(member.id);
    if (member.id != server.id && Proved(other) && other.process->generation == "old") {
      Break("I11", name + " leads and is stopped before server " + model::ToString(member.id));
    }
  }
}

}  // namespace zoowarden::sim
