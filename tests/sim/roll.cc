#include "tests/sim/roll.h"

#include "base/check.h"
#include "core/plan.h"

#include <utility>

namespace zoowarden::sim {
namespace {

model::EnsembleSpec MakeSpec(int servers, int observers, Voting voting) {
  model::EnsembleSpec spec;
  spec.name = "sim";
  spec.release.version = {3, 9, 4};
  spec.policy.soak = std::chrono::milliseconds(2'000);
  spec.policy.step_timeout = std::chrono::milliseconds(30'000);
  for (int i = 1; i <= servers + observers; ++i) {
    model::ServerSpec server;
    server.id = {static_cast<std::uint32_t>(i)};
    server.host = "server" + std::to_string(i);
    server.role = i <= servers ? model::Role::kParticipant : model::Role::kObserver;
    if (voting == Voting::kInPairs && i <= servers) {
      server.group = static_cast<std::uint32_t>((i + 1) / 2);
    }
    spec.servers.push_back(server);
  }
  return spec;
}

model::Generation Old() {
  return {.digest = "old", .version = {3, 8, 4}, .release_sha512 = std::string(128, '8')};
}
model::Generation New() {
  return {.digest = "new", .version = {3, 9, 4}, .release_sha512 = std::string(128, '9')};
}

}  // namespace

base::Status MemoryRunJournal::Save(const controller::RunRecord& record) {
  if (full) {
    return base::Fail(base::ErrorCode::kResourceExhausted, "the disk is full");
  }
  auto& stored = records_[record.run_id];
  auto events = stored.events;
  events.insert(events.end(), record.events.begin(), record.events.end());
  stored = record;
  stored.events = std::move(events);
  return base::Ok();
}

base::Result<std::vector<controller::RunRecord>> MemoryRunJournal::List() {
  std::vector<controller::RunRecord> all;
  for (const auto& [id, record] : records_) {
    all.push_back(record);
  }
  return all;
}

base::Result<controller::RunRecord> MemoryRunJournal::Load(const std::string& run_id) {
  const auto found = records_.find(run_id);
  if (found == records_.end()) {
    return base::Fail(base::ErrorCode::kNotFound, "no record of run " + run_id);
  }
  return found->second;
}

std::vector<core::CheckVerdict> ScriptedChecks::Run(const std::vector<model::HealthCheck>& checks,
                                                    const model::Round& /*round*/) {
  std::vector<core::CheckVerdict> verdicts;
  for (const auto& check : checks) {
    verdicts.push_back({.name = check.name, .passed = passing, .text = says});
  }
  return verdicts;
}

bool ScriptedChecks::Start(const std::vector<model::HealthCheck>& checks,
                           const model::Round& round) {
  if (running_) {
    return false;
  }
  ++started;
  running_ = Run(checks, round);
  ends_ = clock_.BootTime() + takes;
  return true;
}

std::optional<std::vector<core::CheckVerdict>> ScriptedChecks::Take() {
  if (!running_ || clock_.BootTime() < ends_) {
    return std::nullopt;
  }
  return std::exchange(running_, std::nullopt);
}

bool ScriptedHooks::Start(const core::HookCall& call,
                          const controller::RunFile& run,
                          const model::Round& /*round*/) {
  if (running_) {
    return false;
  }
  called.push_back(core::HookCallId(run.state.run_id, call));
  on_call(called.back());
  running_ = core::HookReport{.call = call};
  for (const auto& hook : run.spec.hooks) {
    if (hook.when == call.when) {
      running_->results.push_back(
          {.name = hook.name, .passed = passing, .text = "exit 1", .output = "scripted"});
    }
  }
  ends_ = clock_.BootTime() + takes;
  return true;
}

std::optional<core::HookReport> ScriptedHooks::Take() {
  if (!running_ || clock_.BootTime() < ends_) {
    return std::nullopt;
  }
  return std::exchange(running_, std::nullopt);
}

void RecordingProgress::OnRound(const controller::RunFile& /*run*/,
                                const core::Decision& decision,
                                const model::Round& /*round*/) {
  waiting = decision.waiting;
}

namespace {

// As `zoowarden repair` and `repair --by desired` make it.
core::ServerRun RepairOf(const model::MemberObservation& seen,
                         const std::optional<model::Generation>& desired) {
  const auto has = seen.current.value_or(model::Generation());
  const bool repair = seen.current && core::IsDown(seen);
  const auto target = repair ? desired.value_or(has) : has;
  return {.id = seen.id,
          .origin = has,
          .target = target,
          .restart = repair && target.digest == has.digest,
          .repair = repair};
}

}  // namespace

Roll::Roll(int servers, int observers, Voting voting)
    : spec(MakeSpec(servers, observers, voting)),
      world(core::DeclaredMembers(spec)),
      clock(world),
      agents(world, clock),
      target(New()) {
  for (const auto& server : spec.servers) {
    world.Install(server.id, Old(), Behaviour::kGood);
    world.Install(server.id, New(), Behaviour::kGood);
    world.server(server.id).current = "old";
    world.Start(server.id);
  }
  agents.Pass(std::chrono::milliseconds(5'000));
  ZW_CHECK(world.HasQuorum(), "the modelled ensemble must serve");
}

void Roll::Offer(model::ServerId id, Behaviour behaviour) { world.Install(id, target, behaviour); }

controller::RunFile Roll::NewRun(const std::vector<model::MemberObservation>& members) {
  controller::RunFile run{.kind = "upgrade", .holder = "test", .spec = spec};
  run.state.run_id = run_id;
  run.state.ensemble = spec.name;
  run.state.members = core::DeclaredMembers(spec);
  run.state.policy = spec.policy;
  run.state.has_checks = !spec.checks.empty();
  for (const auto& seen : members) {
    if (repairs) {
      run.state.servers.push_back(RepairOf(seen, restarts ? std::nullopt : std::optional(target)));
      continue;
    }
    run.state.servers.push_back(
        {.id = seen.id, .origin = *seen.current, .target = target, .restart = restarts});
  }
  if (core::TellsHooks(run.state)) {
    run.state.hooks.patience = core::PatienceOf(spec.hooks);
  }
  return run;
}

base::Result<controller::EngineResult> Roll::Drive(controller::RunFile run,
                                                   std::uint64_t sequence) {
  ZW_ASSIGN(const auto identity,
            controller::AcquireRun(
                agents,
                clock,
                {.run_id = run.state.run_id, .holder = "holder" + std::to_string(sequence)}));
  auto result = DriveHeld(identity, std::move(run), sequence);
  if (result && !result->interrupted) {
    static_cast<void>(agents.Release(identity));
  }
  return result;
}

base::Result<controller::EngineResult> Roll::DriveHeld(const controller::RunIdentity& identity,
                                                       controller::RunFile run,
                                                       std::uint64_t sequence) {
  controller::Engine engine({.agents = agents,
                             .journal = journal,
                             .clock = clock,
                             .checks = checks,
                             .hooks = hooks,
                             .writes = writes,
                             .progress = progress,
                             .stop_requested = stop},
                            identity,
                            std::move(run),
                            sequence);
  // A controller that is killed writes no more.
  const std::shared_ptr<void> ends(nullptr, [this](void*) { writes.End(); });
  return engine.Drive();
}

base::Result<controller::EngineResult> Roll::Resume(core::RunGoal goal) {
  const controller::RunRecord* newest = nullptr;
  auto answers = agents.GetRecord(run_id);
  for (const auto& answer : answers) {
    if (answer.result &&
        (newest == nullptr || std::pair(newest->epoch, newest->sequence) <
                                  std::pair(answer.result->epoch, answer.result->sequence))) {
      newest = &*answer.result;
    }
  }
  ZW_CHECK(newest != nullptr, "no agent has the run's record");
  ZW_ASSIGN(auto run, controller::DecodeRun(newest->state_json));
  core::Reopen(run.state, goal);
  return Drive(std::move(run), newest->sequence);
}

std::string Roll::Versions() {
  std::string text;
  for (const auto& server : spec.servers) {
    const auto& modelled = world.server(server.id);
    text += text.empty() ? "" : " ";
    text +=
        modelled.joined
            ? modelled.generations.at(modelled.process->generation).generation.version.ToString()
            : "down";
  }
  return text;
}

std::vector<std::string> Roll::Proceeded() {
  std::vector<std::string> order;
  for (const auto& call : agents.calls) {
    if (call.starts_with("proceed ")) {
      order.push_back(call.substr(8));
    }
  }
  return order;
}

}  // namespace zoowarden::sim
