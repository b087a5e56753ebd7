#include "tests/sim/sim_agents.h"

#include <algorithm>
#include <utility>

namespace zoowarden::sim {
namespace {

using base::ErrorCode;
using controller::Answer;

constexpr std::chrono::milliseconds kTick{10};
constexpr std::chrono::milliseconds kCallTime{10};
// After which a caller believes that nobody will answer.
constexpr std::chrono::milliseconds kPatience{2'000};

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
    on_write_tick();
    DeliverLate();
    for (auto& [id, agent] : agents_) {
      try {
        agent->Step();
      } catch (const AgentKilled&) {
        agent->Kill();
      }
    }
  }
}

base::Status SimAgents::CarryOut(SimAgent& agent, const Carry& carry) {
  try {
    return carry(agent);
  } catch (const AgentKilled&) {
    agent.Kill();
    return base::Fail(ErrorCode::kUnavailable, "agent.unreachable", "cut off");
  }
}

void SimAgents::DeliverLate() {
  const auto due = [this](const Late& one) {
    return one.at <= world_.now() && !agents_.at(one.server)->frozen;
  };
  const auto rest = std::stable_partition(late_.begin(), late_.end(), due);
  std::vector<Late> now(std::make_move_iterator(late_.begin()), std::make_move_iterator(rest));
  late_.erase(late_.begin(), rest);
  for (const auto& one : now) {
    if (auto& agent = *agents_.at(one.server); agent.Answers()) {
      static_cast<void>(CarryOut(agent, one.carry));
    }
  }
}

base::Status SimAgents::Deliver(const std::string& method,
                                model::ServerId server,
                                const Carry& carry) {
  before_call(method, server);
  const auto& link = links[server];
  Pass(kCallTime + link.delay);
  calls.push_back(method + " " + model::ToString(server));
  auto& agent = *agents_.at(server);
  if (agent.reachable && agent.runs() && agent.frozen) {
    late_.push_back({.at = world_.now(), .server = server, .carry = carry});
    Pass(kPatience);
    return base::Fail(cut_off);
  }
  if (!agent.Answers()) {
    return base::Fail(cut_off);
  }
  auto result = CarryOut(agent, carry);
  if (link.echo.count() > 0) {
    late_.push_back({.at = world_.now() + link.echo, .server = server, .carry = carry});
  }
  Pass(link.loses_answers ? kPatience : link.delay);
  return link.loses_answers ? base::Status(base::Fail(cut_off)) : result;
}

base::Status SimAgents::DeliverOperation(
    const std::string& method,
    model::ServerId server,
    const controller::Call& call,
    const std::function<base::Status(agent::OperationRunner&)>& carry) {
  return Deliver(method, server, [this, method, server, call, carry](SimAgent& agent) {
    auto result = carry(agent.runner());
    answered(method, server, call, result);
    return result;
  });
}

std::chrono::milliseconds SimAgents::SlowestLink() {
  std::chrono::milliseconds slowest{0};
  for (auto& [id, agent] : agents_) {
    const bool silent =
        agent->reachable && agent->runs() && (agent->frozen || links[id].loses_answers);
    slowest = std::max(slowest, silent ? kPatience : links[id].delay);
  }
  return slowest;
}

template <typename T, typename F>
std::vector<Answer<T>> SimAgents::AskAll(F ask) {
  Pass(kCallTime);
  std::vector<Answer<T>> answers;
  for (auto& [id, agent] : agents_) {
    base::Result<T> answer = base::Fail(cut_off);
    if (agent->Answers()) {
      const auto carried = CarryOut(*agent, [&](SimAgent& one) -> base::Status {
        answer = ask(one);
        return base::Ok();
      });
      if (!carried || links[id].loses_answers) {
        answer = base::Fail(cut_off);
      }
    }
    answers.push_back({id, std::move(answer)});
  }
  Pass(SlowestLink());
  return answers;
}

std::vector<model::MemberObservation> SimAgents::GetStatus(std::chrono::milliseconds /*deadline*/) {
  std::vector<model::MemberObservation> seen;
  for (auto& [id, agent] : agents_) {
    const bool heard = agent->Answers() && !links[id].loses_answers;
    seen.push_back(heard ? agent->Look() : model::MemberObservation{.id = id});
  }
  Pass(SlowestLink());
  return seen;
}

// Agents look again until their member has the canary in its log, or the deadline passes.
void SimAgents::AwaitCanary(const controller::ObserveOptions& options) {
  const auto behind = [&](const auto& entry) {
    const auto& server = world_.server(entry.first);
    return options.canary && entry.second->Answers() && server.joined &&
           server.durable < options.canary->value;
  };
  const auto until = world_.now() + options.deadline;
  while (world_.now() < until && std::any_of(agents_.begin(), agents_.end(), behind)) {
    Pass(kTick);
  }
}

model::MemberObservation SimAgents::ObserveOne(SimAgent& agent,
                                               const controller::ObserveOptions& options) {
  model::MemberObservation silent;
  silent.id = agent.id();
  if (!agent.Answers() || links[agent.id()].loses_answers) {
    silent.problem = "cut off";
    return silent;
  }
  if (const auto fence = agent.lease().Renew(ToAgent(options.run)); !fence) {
    silent.fenced = fence.error().Is(ErrorCode::kAborted);
    silent.problem = fence.error().message();
    return silent;
  }
  auto seen = agent.Look();
  if (options.sessions.contains(agent.id()) && options.canary && seen.own_zxid) {
    seen.session_accepted = !agent.closes_sessions && *seen.own_zxid >= *options.canary;
  }
  return seen;
}

std::vector<model::MemberObservation> SimAgents::Observe(const controller::ObserveOptions& o) {
  Pass(kCallTime);
  AwaitCanary(o);
  std::vector<model::MemberObservation> seen;
  seen.reserve(agents_.size());
  for (auto& [id, agent] : agents_) {
    seen.push_back(ObserveOne(*agent, o));
  }
  Pass(std::min(SlowestLink(), kPatience));
  return seen;
}

base::Result<controller::Canary> SimAgents::CommitCanary(model::ServerId server,
                                                         const controller::RunIdentity& run,
                                                         std::chrono::milliseconds deadline,
                                                         const std::string& /*path*/) {
  Pass(kCallTime);
  auto& agent = *agents_.at(server);
  if (!agent.Answers() || links[server].loses_answers) {
    Pass(agent.reachable && agent.runs() ? deadline : std::chrono::milliseconds(0));
    return base::Fail(cut_off);
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
  return Deliver("upload", server, [](SimAgent& /*agent*/) { return base::Ok(); });
}

base::Status SimAgents::Begin(model::ServerId server,
                              const controller::Call& call,
                              const controller::BeginOptions& options) {
  agent::BeginRequest request;
  request.kind = options.kind;
  request.stage.existing_generation = options.existing_generation;
  request.stage.expected_digest = options.expected_digest;
  request.from_generation = options.from_generation;
  request.step_timeout = options.step_timeout;
  return DeliverOperation("begin", server, call, [call, request](agent::OperationRunner& runner) {
    return Outcome(runner.Begin(ToAgent(call), request));
  });
}

base::Result<controller::Permit> SimAgents::RequestPermit(model::ServerId server,
                                                          const controller::Call& call) {
  // Shared with the call's echo, which may come when nobody waits any more.
  auto granted = std::make_shared<controller::Permit>();
  ZW_TRY(DeliverOperation(
      "permit", server, call, [call, granted](agent::OperationRunner& runner) -> base::Status {
        ZW_ASSIGN(const auto permit, runner.RequestPermit(ToAgent(call)));
        *granted = {.id = permit.id, .valid = permit.valid};
        return base::Ok();
      }));
  return *granted;
}

base::Status SimAgents::Proceed(model::ServerId server,
                                const controller::Call& call,
                                const std::string& permit_id) {
  return DeliverOperation(
      "proceed", server, call, [call, permit_id](agent::OperationRunner& runner) {
        return Outcome(runner.Proceed(ToAgent(call), permit_id));
      });
}

base::Status SimAgents::Commit(model::ServerId server, const controller::Call& call) {
  return DeliverOperation("commit", server, call, [call](agent::OperationRunner& runner) {
    return Outcome(runner.Commit(ToAgent(call)));
  });
}

base::Status SimAgents::RollBack(model::ServerId server,
                                 const controller::Call& call,
                                 const std::string& permit_id) {
  return DeliverOperation(
      "roll_back", server, call, [call, permit_id](agent::OperationRunner& runner) {
        return Outcome(runner.RollBack(ToAgent(call), permit_id));
      });
}

base::Status SimAgents::Close(model::ServerId server, const controller::Call& call) {
  return DeliverOperation("close", server, call, [call](agent::OperationRunner& runner) {
    return Outcome(runner.Close(ToAgent(call)));
  });
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
      return base::Fail(cut_off);
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
      return base::Fail(cut_off);
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
      return base::Fail(cut_off);
    }
    const auto found = agent.records.find(run_id);
    if (found == agent.records.end()) {
      return base::Fail(ErrorCode::kNotFound, "no record of run " + run_id);
    }
    return found->second;
  });
}

}  // namespace zoowarden::sim
