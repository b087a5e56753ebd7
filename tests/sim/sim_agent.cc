#include "tests/sim/sim_agent.h"

#include "base/check.h"

namespace zoowarden::sim {

namespace {

constexpr std::chrono::milliseconds kLapse{3'000};

}  // namespace

core::Reality ModelHost::Look(const core::OperationRecord& /*record*/, agent::LookAt what) {
  const auto& server = world_.server(id_);
  core::Reality reality;
  reality.processes_visible = true;
  reality.current = server.current;
  if (server.process) {
    reality.process = model::Process{.pid = server.process->pid,
                                     .start_time = server.process->start_time,
                                     .generation = server.process->generation};
  }
  if (server.process && what == agent::LookAt::kMember) {
    reality.member_looked = true;
    reality.mode = world_.ModeOf(id_);
    reality.broadcast = server.joined ? model::Broadcast::kYes : model::Broadcast::kNo;
    reality.quorum_connection = server.joined;
  }
  return reality;
}

base::Result<model::Generation> ModelHost::Stage(const agent::StageRequest& request) {
  const auto& wanted =
      request.existing_generation.empty() ? request.expected_digest : request.existing_generation;
  const auto& generations = world_.server(id_).generations;
  const auto found = generations.find(wanted);
  if (found == generations.end()) {
    return base::Fail(base::ErrorCode::kNotFound, "generation.unknown", "no such generation");
  }
  return found->second.generation;
}

void ModelHost::BurnFuse() {
  if (fuse.Burn()) {
    throw AgentKilled{};
  }
}

void ModelHost::Prepare() {
  const auto& server = world_.server(id_);
  if (Fuse none; disk_.Current() != server.current) {
    ZW_CHECK(disk_.SwitchTo(server.generations.at(server.current).generation, none),
             "nobody dies before the first switch");
  }
}

base::Status ModelHost::SwitchTo(const std::string& generation) {
  auto& server = world_.server(id_);
  if (!server.current.empty()) {
    Prepare();
  }
  BurnFuse();
  const bool lives = disk_.SwitchTo(server.generations.at(generation).generation, fuse);
  server.current = disk_.Current();
  if (!lives) {
    throw AgentKilled{};
  }
  BurnFuse();
  return base::Ok();
}

base::Status ModelHost::Launch() {
  BurnFuse();
  if (world_.server(id_).process) {  // somebody else was faster and holds the launch lock
    return base::Fail(base::ErrorCode::kUnavailable, "start.locked", "another launch is under way");
  }
  world_.Start(id_);
  on_launch(id_);
  BurnFuse();
  return base::Ok();
}

base::Status ModelHost::Signal(const model::Process& process,
                               agent::StopSignal signal,
                               const agent::StopCheck& still) {
  const auto& running = world_.server(id_).process;
  if (!running || running->pid != process.pid) {
    return base::Fail(base::ErrorCode::kNotFound, "process.gone", "the process has exited");
  }
  BurnFuse();
  if (still && !still()) {
    return base::Fail(base::ErrorCode::kCancelled, "stop.not_wanted", "not wanted any more");
  }
  on_signal(id_);
  if (signal == agent::StopSignal::kKill) {
    world_.Kill(id_);
  } else {
    world_.Terminate(id_);
  }
  BurnFuse();
  return base::Ok();
}

SimAgent::SimAgent(World& world, SimClock& clock, model::ServerId id)
    : world_(world), clock_(clock), id_(id), host_(world, id) {
  Open();
}

void SimAgent::Open() {
  auto runner = agent::OperationRunner::Open(host_, journal_, clock_);
  ZW_CHECK(runner.has_value(), "the runner must open over a healthy journal");
  runner_.emplace(std::move(*runner));
  auto lease = agent::LeaseKeeper::Open(journal_, clock_, kLapse);
  ZW_CHECK(lease.has_value(), "the lease keeper must open over a healthy journal");
  lease_.emplace(std::move(*lease));
}

void SimAgent::Kill() {
  runner_.reset();
  lease_.reset();
}

void SimAgent::Start() {
  if (!runs()) {
    Open();
  }
}

void SimAgent::Restart() {
  Kill();
  Start();
}

void SimAgent::Step() {
  if (runs() && !frozen) {
    static_cast<void>(runner_->Step());
  }
}

model::MemberObservation SimAgent::Look() {
  const auto& server = world_.server(id_);
  model::MemberObservation seen;
  seen.id = id_;
  seen.answered = true;
  seen.processes_visible = true;
  seen.epoch = lease_->Get().owner.epoch;
  seen.operation = runner_->Status();
  if (const auto found = server.generations.find(server.current);
      found != server.generations.end()) {
    seen.current = found->second.generation;
  }
  seen.membership = model::Membership{.members = world_.members(), .source = "model"};
  seen.client_port = 2181;
  if (!server.process) {
    return seen;
  }
  model::Process process{.pid = server.process->pid,
                         .start_time = server.process->start_time,
                         .generation = server.process->generation};
  process.started_by_operation = runner_->StartedBy(process);
  seen.process = process;
  seen.mode = world_.ModeOf(id_);
  seen.mode_source = "model";
  seen.broadcast = server.joined ? model::Broadcast::kYes : model::Broadcast::kNo;
  seen.member_looked = true;
  seen.quorum_connection = server.joined;
  if (server.joined) {
    seen.version = server.generations.at(process.generation).generation.version;
    seen.own_zxid = model::Zxid{server.zxid};
    seen.durable_zxid = model::Zxid{server.durable};
  }
  return seen;
}

}  // namespace zoowarden::sim
