#include "tests/sim/sim_agents.h"

#include <algorithm>
#include <utility>

namespace zoowarden::sim {
namespace {

using base::ErrorCode;
using controller::Answer;

constexpr std::chrono::milliseconds kTick{10};
constexpr std::chrono::milliseconds kCallTime{10};

agent::RunIdentity ToAgent(const controller::RunIdentity& run) {
  return {.run_id = run.run_id, .epoch = run.epoch.value, .holder = run.holder};
}

agent::CallIdentity ToAgent(const controller::Call& call) {
  return {.run = ToAgent(call.run), .operation_id = call.operation_id, .sequence = call.sequence};
}

controller::Lease FromView(const agent::LeaseView& view) {
  return {.epoch = {view.owner.epoch},
          .holder = view.owner.holder,
          .run_id = view.owner.run_id,
          .left = view.left,
          .lapse = view.lapse};
}

template <typename T>
base::Status Outcome(const base::Result<T>& result) {
  return result ? base::Status() : base::Status(base::Fail(result.error()));
}

using Position = std::pair<std::uint64_t, std::uint64_t>;

// As the real stores do it: the newest state, and of each event what was stored first.
void StoreRecord(const controller::RunRecord& record, controller::RunRecord& stored) {
  auto events = std::move(stored.events);
  for (const auto& event : record.events) {
    const bool known = std::any_of(events.begin(), events.end(), [&](const auto& one) {
      return Position(one.epoch, one.sequence) == Position(event.epoch, event.sequence);
    });
    if (!known) {
      events.push_back(event);
    }
  }
  if (Position(record.epoch, record.sequence) >= Position(stored.epoch, stored.sequence)) {
    stored = record;
  }
  stored.events = std::move(events);
}

base::Error Unreachable() { return {ErrorCode::kUnavailable, "agent.unreachable", "cut off"}; }

}  // namespace

SimAgents::SimAgents(World& world, SimClock& clock) : world_(world) {
  for (const auto& member : world.members()) {
    agents_[member.id] = std::make_unique<SimAgent>(world, clock, member.id);
  }
  clock.sleep = [this](std::chrono::milliseconds time) { Pass(time); };
}

void SimAgents::Pass(std::chrono::milliseconds time) {
  for (auto passed = std::chrono::milliseconds(0); passed < time; passed += kTick) {
    world_.Advance(kTick);
    on_tick();
    for (auto& [id, agent] : agents_) {
      agent->Step();
    }
  }
}

base::Result<SimAgent*> SimAgents::Reach(const std::string& method, model::ServerId server) {
  before_call(method, server);
  Pass(kCallTime);
  calls.push_back(method + " " + model::ToString(server));
  auto* reached = agents_.at(server).get();
  if (!reached->reachable) {
    return base::Fail(Unreachable());
  }
  return reached;
}

template <typename T, typename F>
std::vector<Answer<T>> SimAgents::AskAll(F ask) {
  Pass(kCallTime);
  std::vector<Answer<T>> answers;
  for (auto& [id, agent] : agents_) {
    if (agent->reachable) {
      answers.push_back({id, ask(*agent)});
    } else {
      answers.push_back({id, base::Fail(Unreachable())});
    }
  }
  return answers;
}

std::vector<model::MemberObservation> SimAgents::GetStatus(std::chrono::milliseconds /*deadline*/) {
  std::vector<model::MemberObservation> seen;
  for (auto& [id, agent] : agents_) {
    seen.push_back(agent->reachable ? agent->Look() : model::MemberObservation{.id = id});
  }
  return seen;
}

std::vector<model::MemberObservation> SimAgents::Observe(const controller::ObserveOptions& o) {
  Pass(kCallTime);
  std::vector<model::MemberObservation> seen;
  for (auto& [id, agent] : agents_) {
    model::MemberObservation silent;
    silent.id = id;
    if (!agent->reachable) {
      silent.problem = "cut off";
      seen.push_back(silent);
      continue;
    }
    if (const auto fence = agent->lease().Renew(ToAgent(o.run)); !fence) {
      silent.fenced = fence.error().Is(ErrorCode::kAborted);
      silent.problem = fence.error().message();
      seen.push_back(silent);
      continue;
    }
    seen.push_back(agent->Look());
    if (o.sessions.contains(id) && o.canary && seen.back().own_zxid) {
      seen.back().session_accepted = !agent->closes_sessions && *seen.back().own_zxid >= *o.canary;
    }
  }
  return seen;
}

base::Result<controller::Canary> SimAgents::CommitCanary(model::ServerId server,
                                                         const controller::RunIdentity& run,
                                                         std::chrono::milliseconds /*deadline*/,
                                                         const std::string& /*path*/) {
  Pass(kCallTime);
  auto& agent = *agents_.at(server);
  if (!agent.reachable) {
    return base::Fail(Unreachable());
  }
  ZW_TRY(agent.lease().Renew(ToAgent(run)));
  const auto zxid = world_.server(server).joined ? world_.Commit() : std::nullopt;
  if (!zxid) {
    return base::Fail(ErrorCode::kUnavailable, "no quorum");
  }
  return controller::Canary{.zxid = {*zxid}, .method = "model"};
}

base::Status SimAgents::Upload(model::ServerId server,
                               const controller::RunIdentity& /*run*/,
                               const model::ReleaseSpec& /*release*/) {
  return Outcome(Reach("upload", server));
}

base::Status SimAgents::Begin(model::ServerId server,
                              const controller::Call& call,
                              const controller::BeginOptions& options) {
  ZW_ASSIGN(auto* agent, Reach("begin", server));
  agent::BeginRequest request;
  request.kind = options.kind;
  request.stage.existing_generation = options.existing_generation;
  request.stage.expected_digest = options.expected_digest;
  request.from_generation = options.from_generation;
  request.step_timeout = options.step_timeout;
  return Outcome(agent->runner().Begin(ToAgent(call), request));
}

base::Result<controller::Permit> SimAgents::RequestPermit(model::ServerId server,
                                                          const controller::Call& call) {
  ZW_ASSIGN(auto* agent, Reach("permit", server));
  ZW_ASSIGN(const auto permit, agent->runner().RequestPermit(ToAgent(call)));
  return controller::Permit{.id = permit.id, .valid = permit.valid};
}

base::Status SimAgents::Proceed(model::ServerId server,
                                const controller::Call& call,
                                const std::string& permit_id) {
  ZW_ASSIGN(auto* agent, Reach("proceed", server));
  return Outcome(agent->runner().Proceed(ToAgent(call), permit_id));
}

base::Status SimAgents::Commit(model::ServerId server, const controller::Call& call) {
  ZW_ASSIGN(auto* agent, Reach("commit", server));
  return Outcome(agent->runner().Commit(ToAgent(call)));
}

base::Status SimAgents::RollBack(model::ServerId server,
                                 const controller::Call& call,
                                 const std::string& permit_id) {
  ZW_ASSIGN(auto* agent, Reach("roll_back", server));
  return Outcome(agent->runner().RollBack(ToAgent(call), permit_id));
}

base::Status SimAgents::Close(model::ServerId server, const controller::Call& call) {
  ZW_ASSIGN(auto* agent, Reach("close", server));
  return Outcome(agent->runner().Close(ToAgent(call)));
}

std::vector<Answer<controller::Lease>> SimAgents::GetLeases() {
  before_leases();
  return AskAll<controller::Lease>([](SimAgent& agent) -> base::Result<controller::Lease> {
    return FromView(agent.lease().Get());
  });
}

std::vector<Answer<controller::Lease>> SimAgents::Acquire(const controller::RunIdentity& run,
                                                          bool take_over) {
  before_acquire();
  return AskAll<controller::Lease>([&](SimAgent& agent) -> base::Result<controller::Lease> {
    ZW_ASSIGN(const auto view, agent.lease().Acquire(ToAgent(run), take_over));
    if (loses_acquired(agent.id())) {
      return base::Fail(Unreachable());
    }
    return FromView(view);
  });
}

std::vector<Answer<controller::Lease>> SimAgents::Release(const controller::RunIdentity& run) {
  return AskAll<controller::Lease>([&](SimAgent& agent) -> base::Result<controller::Lease> {
    ZW_ASSIGN(const auto view, agent.lease().Release(ToAgent(run)));
    return FromView(view);
  });
}

std::vector<Answer<std::uint64_t>> SimAgents::PutRecord(
    const controller::RunIdentity& run,
    std::uint64_t sequence,
    const std::string& state_json,
    const std::vector<controller::RunEvent>& events) {
  before_put();
  return AskAll<std::uint64_t>([&](SimAgent& agent) -> base::Result<std::uint64_t> {
    ZW_TRY(agent.lease().Renew(ToAgent(run)));
    if (!stores(agent.id())) {
      return base::Fail(ErrorCode::kResourceExhausted, "the disk is full");
    }
    StoreRecord({.run_id = run.run_id,
                 .epoch = run.epoch.value,
                 .sequence = sequence,
                 .state_json = state_json,
                 .events = events},
                agent.records[run.run_id]);
    return sequence;
  });
}

std::vector<Answer<std::vector<controller::RunRecord>>> SimAgents::ListRecords() {
  using Records = std::vector<controller::RunRecord>;
  return AskAll<Records>([&](SimAgent& agent) -> base::Result<Records> {
    if (hides_records(agent.id())) {
      return base::Fail(Unreachable());
    }
    Records records;
    for (const auto& [id, record] : agent.records) {
      records.push_back(record);
    }
    return records;
  });
}

std::vector<Answer<controller::RunRecord>> SimAgents::GetRecord(const std::string& run_id) {
  using controller::RunRecord;
  return AskAll<RunRecord>([&](SimAgent& agent) -> base::Result<RunRecord> {
    if (hides_records(agent.id())) {
      return base::Fail(Unreachable());
    }
    const auto found = agent.records.find(run_id);
    if (found == agent.records.end()) {
      return base::Fail(ErrorCode::kNotFound, "no record of run " + run_id);
    }
    return found->second;
  });
}

}  // namespace zoowarden::sim
