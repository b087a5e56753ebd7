#include "tests/unit/core/fake_ensemble.h"

#include "core/quorum.h"

#include <algorithm>
#include <cstdlib>

namespace zoowarden::core::testing {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Ok;
using model::Mode;
using model::OperationState;

model::Generation GenerationNamed(const std::string& digest) {
  return digest == "new" ? New() : Old();
}

}  // namespace

FakeEnsemble::FakeEnsemble(std::uint32_t voters, std::uint32_t leader, std::uint32_t observers)
    : members_(Voters(voters + observers)), leader_(leader) {
  for (std::uint32_t i = 0; i < observers; ++i) {
    members_[voters + i].role = model::Role::kObserver;
  }
  state.run_id = "run";
  state.ensemble = "lab";
  state.members = members_;
  state.policy = {.soak = std::chrono::milliseconds(1'000),
                  .step_timeout = std::chrono::milliseconds(20'000),
                  .on_failure = model::OnFailure::kRollbackAll,
                  .good_rounds = 3};
  for (const auto& member : members_) {
    FakeServer server;
    server.member = member;
    server.pid = next_pid_++;
    servers_.push_back(server);
    state.servers.push_back({.id = member.id, .origin = Old(), .target = New(), .failure = ""});
  }
}

FakeServer& FakeEnsemble::At(std::uint32_t id) { return servers_.at(id - 1); }

void FakeEnsemble::Crash(std::uint32_t id) {
  At(id).alive = false;
  At(id).frozen = false;
}

void FakeEnsemble::Boot(std::uint32_t id) {
  Launch(At(id), At(id).generation, Start::kGood);
  At(id).started_by.clear();
}

bool FakeEnsemble::Joins(const FakeServer& server) const {
  return server.alive && !server.frozen && server.start == Start::kGood;
}

bool FakeEnsemble::HasQuorum() const {
  std::set<model::ServerId> joined;
  for (const auto& server : servers_) {
    if (Joins(server)) {
      joined.insert(server.member.id);
    }
  }
  return ContainsQuorum(members_, joined);
}

void FakeEnsemble::Elect() {
  if (leader_ != 0 && Joins(At(leader_)) && HasQuorum()) {
    return;
  }
  leader_ = 0;
  for (const auto& server : servers_) {
    if (HasQuorum() && Joins(server) && server.member.role == model::Role::kParticipant) {
      leader_ = server.member.id.value;
    }
  }
}

model::Round FakeEnsemble::Observe() {
  Elect();
  model::Round round;
  round.number = ++round_number_;
  round.started = round.ended = now;
  if (leader_ != 0) {
    round.canary = kCanary;
    round.canary_method = "failed write";
  }
  for (auto& server : servers_) {
    const auto id = server.member.id.value;
    const bool serves = Joins(server) && leader_ != 0;
    const auto mode = server.member.role == model::Role::kObserver ? Mode::kObserver
                      : id == leader_                              ? Mode::kLeader
                                                                   : Mode::kFollower;
    auto seen = Serving(server.member, mode, members_);
    seen.process = model::Process{.pid = server.pid,
                                  .start_time = 1,
                                  .generation = server.generation,
                                  .release = "",
                                  .started_by_operation = server.started_by};
    seen.version = GenerationNamed(server.generation).version;
    seen.current = GenerationNamed(server.generation);
    seen.generations.assign(server.on_disk.begin(), server.on_disk.end());
    seen.session_accepted = true;
    if (serves && server.started_by == server.operation.operation_id) {
      server.operation.proved = true;
    }
    if (!server.alive) {
      Kill(seen);
      seen.processes_visible = !hides_processes.contains(id);
    } else if (server.frozen) {
      seen.mode = Mode::kUnknown;
      seen.own_zxid.reset();
    } else if (!serves) {
      testing::Elect(seen);
    }
    seen.operation = server.operation;
    seen.operation.deadline_left = std::max(server.deadline - now, std::chrono::milliseconds(0));
    if (!server.answers) {
      Silence(seen);
    }
    round.members.push_back(std::move(seen));
  }
  return round;
}

void FakeEnsemble::Launch(FakeServer& server, const std::string& generation, Start start) {
  server.alive = false;
  Elect();
  server.generation = generation;
  server.start = start;
  server.alive = start != Start::kDies;
  server.frozen = false;
  server.pid = next_pid_++;
  server.started_by = server.operation.operation_id;
}

void FakeEnsemble::GoBack(FakeServer& server) {
  const bool to_old = server.operation.from_generation == "old";
  const bool fails = to_old && old_fails.contains(server.member.id.value);
  Launch(server, server.operation.from_generation, fails ? Start::kDies : Start::kGood);
  const bool in_vain = fails || !HasQuorum();  // past its deadline too
  server.operation.state = in_vain ? OperationState::kNeedsOperator : OperationState::kRolledBack;
  if (server.operation.failure.empty()) {
    server.operation.failure = "it went back";
  }
}

void FakeEnsemble::AgentsAlone() {
  for (auto& server : servers_) {
    if (server.operation.state != OperationState::kVerifying || now < server.deadline) {
      continue;
    }
    const bool serves = Joins(server) && leader_ != 0;
    const bool down = !server.alive || (!server.operation.proved && !serves);
    if (down && !server.frozen) {
      GoBack(server);
    } else {
      server.operation.state = OperationState::kUnconfirmed;
    }
  }
}

base::Status FakeEnsemble::Stop(FakeServer& server, const Action& action) {
  const auto id = server.member.id.value;
  if (!action.permit_id.empty()) {
    const auto permit = permits_.find(action.permit_id);
    const bool valid = permit != permits_.end() && permit->second.first == id &&
                       now - permit->second.second <= model::kPermitLife && expiring_permits <= 0;
    --expiring_permits;
    if (!valid) {
      server.operation.failure_reason = "permit.expired";
      return Ok();
    }
  } else if (server.alive && server.operation.state == OperationState::kStaged) {
    return Ok();  // the agent sees that it serves and leaves it alone
  }
  if (action.kind == ActionKind::kRollBack) {
    GoBack(server);
    return Ok();
  }
  const bool to_new = server.operation.to_generation == "new";
  const bool fails = !to_new && old_fails.contains(id);
  Launch(server,
         server.operation.to_generation,
         to_new && starts.contains(id) ? starts.at(id)
         : fails                       ? Start::kDies
                                       : Start::kGood);
  server.operation.state = OperationState::kVerifying;
  server.operation.proved = false;
  server.deadline = now + state.policy.step_timeout;
  return Ok();
}

base::Status FakeEnsemble::Apply(const Action& action) {
  auto& server = At(action.server.value);
  auto& operation = server.operation;
  if (!server.answers) {
    return Fail(ErrorCode::kUnavailable, "agent of server does not answer");
  }
  const bool stages = action.kind == ActionKind::kStage || action.kind == ActionKind::kBegin;
  if (stages && staging_fails.contains(action.server.value)) {
    return Fail(ErrorCode::kFailedPrecondition, "release.wrong_digest", "wrong digest");
  }
  if (stages && staging_unavailable.contains(action.server.value)) {
    return Fail(ErrorCode::kUnavailable, "download.not_now", "HTTP 503");
  }
  if (stages && model::IsInFlight(operation.state)) {
    return Fail(ErrorCode::kFailedPrecondition, "operation.in_progress", "close it first");
  }
  if (!stages && action.operation_id != operation.operation_id) {
    return Fail(ErrorCode::kNotFound, "no such operation");
  }
  if (!stages && refuses.contains(action.server.value)) {
    return Fail(ErrorCode::kFailedPrecondition, "the journal is read-only");
  }
  switch (action.kind) {
    case ActionKind::kStage:
    case ActionKind::kBegin:
      operation = {.operation_id = action.operation_id, .run_id = state.run_id};
      operation.state = OperationState::kStaged;
      operation.from_generation = server.generation;
      operation.to_generation = action.to_generation;
      return Ok();
    case ActionKind::kRequestPermit: {
      const auto id = "permit-" + std::to_string(next_permit_++);
      permits_[id] = {action.server.value, now};
      NotePermit(memory, action.server, id, round_number_);
      return Ok();
    }
    case ActionKind::kProceed:
    case ActionKind::kRollBack:
      return Stop(server, action);
    case ActionKind::kCommit:
      operation.state = OperationState::kCommitted;
      return Ok();
    case ActionKind::kClose:
      if (server.alive && (operation.state == OperationState::kVerifying ||
                           operation.state == OperationState::kUnconfirmed)) {
        return Fail(ErrorCode::kFailedPrecondition, "operation.still_runs", "a process serves");
      }
      operation.state = OperationState::kIdle;
      return Ok();
  }
  return Ok();
}

bool FakeEnsemble::Step() {
  now += round_time;
  AgentsAlone();
  const auto round = Observe();
  DecisionInput input{
      .round = round, .now = now, .stop_requested = stop_requested, .aborted_by = aborted_by};
  if (checks_wanted_) {
    input.checks = {{.name = "smoke", .passed = check_passes, .text = "exit 1"}};
    input.checks_ran = true;
  }
  if (hooks_wanted_ && hooks_end) {
    hooks.push_back(HookCallId(state.run_id, *hooks_wanted_));
    input.hooks = HookReport{
        .call = *hooks_wanted_,
        .results = {{.name = "h", .passed = hooks_pass, .text = "exit 1", .output = "not today"}}};
  }
  input.writes = std::exchange(writes, std::nullopt);
  last = Decide(state, memory, input);
  state = last.state;
  memory = last.memory;
  checks_wanted_ = last.want_checks;
  hooks_wanted_ = last.want_hooks;
  for (const auto& event : last.events) {
    events.push_back(event.kind + ": " + event.text);
  }
  if (const auto violation = Violation(round); !violation.empty()) {
    log.push_back("VIOLATION " + violation);
    return true;
  }
  std::vector<Event> results;
  for (const auto& action : last.actions) {
    const bool stops = action.kind == ActionKind::kProceed || action.kind == ActionKind::kRollBack;
    log.push_back((stops && action.permit_id.empty() ? "down " : "") +
                  std::string(ActionKindName(action.kind)) + " " + model::ToString(action.server));
    NoteResult(state, memory, action, Apply(action), results);
  }
  for (const auto& event : results) {
    events.push_back(event.kind + ": " + event.text);
  }
  return state.phase == RunPhase::kEnded || last.interrupted;
}

bool FakeEnsemble::Drive(int rounds) {
  for (int i = 0; i < rounds; ++i) {
    if (Step()) {
      return true;
    }
  }
  return false;
}

bool FakeEnsemble::Logged(const std::string& line) const {
  return std::find(log.begin(), log.end(), line) != log.end();
}

std::size_t FakeEnsemble::Count(const std::string& kind) const {
  return static_cast<std::size_t>(std::count_if(
      log.begin(), log.end(), [&](const std::string& line) { return line.starts_with(kind); }));
}

std::vector<std::string> FakeEnsemble::Stops() const {
  std::vector<std::string> stops;
  for (const auto& line : log) {
    if (line.find("proceed") != std::string::npos || line.find("roll_back") != std::string::npos ||
        line.starts_with("VIOLATION")) {
      stops.push_back(line);
    }
  }
  return stops;
}

std::string FakeEnsemble::Generations() const {
  std::string text;
  for (const auto& server : servers_) {
    text += (text.empty() ? "" : " ") + server.generation;
  }
  return text;
}

std::string FakeEnsemble::Violation(const model::Round& round) const {
  if (!last.actions.empty() && last.events.empty() && state.phase != RunPhase::kClosing) {
    return "an action without a stored intent";
  }
  for (const auto& action : last.actions) {
    if (action.kind != ActionKind::kProceed && action.kind != ActionKind::kRollBack) {
      continue;
    }
    const auto* target = model::FindMember(round, action.server);
    const auto name =
        std::string(ActionKindName(action.kind)) + " " + model::ToString(action.server);
    if (action.permit_id.empty() && !IsDown(*target)) {
      return name + " without a permit although it is not down";
    }
    if (action.permit_id.empty() && action.kind == ActionKind::kRollBack) {
      continue;  // repair is always allowed
    }
    if (last.actions.size() != 1) {
      return name + " together with another action";
    }
    std::set<model::ServerId> others;
    for (const auto& seen : round.members) {
      if (seen.id == action.server) {
        continue;
      }
      // Without a quorum one that is down may be started beside others that wait for one.
      const bool repairs = IsRepair(state) && action.permit_id.empty() &&
                           (leader_ == 0 || seen.operation.run_id != state.run_id);
      if (seen.answered && model::IsInFlight(seen.operation.state) && !repairs) {
        return name + " while server " + model::ToString(seen.id) + " is in flight";
      }
      // Written out here again, on purpose: what a proved voter is.
      const bool applied = round.canary && (seen.own_zxid ? *seen.own_zxid >= *round.canary
                                                          : seen.session_accepted == true);
      const bool in_step = seen.answered && seen.process && applied && seen.durable_zxid &&
                           *seen.durable_zxid >= *round.canary &&
                           seen.broadcast != model::Broadcast::kNo;
      if (in_step && (seen.mode == Mode::kLeader || seen.mode == Mode::kFollower)) {
        others.insert(seen.id);
      }
    }
    if (!action.permit_id.empty() && !state.allow_outage && !ContainsQuorum(members_, others)) {
      return name + " although the others are no quorum";
    }
  }
  return "";
}

}  // namespace zoowarden::core::testing
