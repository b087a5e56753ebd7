// What a simulated run begins with.
#include "tests/sim/drill.h"

namespace zoowarden::sim {
namespace {

using model::OperationState;
using std::chrono::milliseconds;

// A member that dies 20 s after its start dies in it.
constexpr milliseconds kLongSoak{25'000};

}  // namespace

Drill::Drill(Schedule schedule)
    : schedule_(std::move(schedule)),
      roll_(schedule_.participants,
            schedule_.observers,
            schedule_.in_pairs ? Voting::kInPairs : Voting::kMajority),
      oracle_(roll_.world, roll_.agents) {
  roll_.spec.policy.on_failure = schedule_.on_failure;
  oracle_.step_timeout = roll_.spec.policy.step_timeout;
  if (schedule_.verb == Verb::kConfigure) {
    roll_.target.version = {3, 8, 4};
    for (const auto& member : roll_.world.members()) {
      roll_.Offer(member.id, Behaviour::kGood);
    }
  }
  if (schedule_.restarts) {
    schedule_.offered.clear();  // there is one generation, and it is good
    roll_.restarts = true;
    roll_.target = *roll_.agents.GetStatus(milliseconds(0)).front().current;
  }
  for (const auto& member : roll_.world.members()) {
    first_pids_[member.id] = roll_.world.server(member.id).process->pid;
  }
  if (schedule_.repairs) {
    CrashSome();
  }
  if (schedule_.has_checks) {
    roll_.spec.checks = {{.name = "smoke", .command = {"/smoke"}}};
  }
  if (schedule_.has_hooks) {
    for (const auto point : {model::HookPoint::kBeforeRun,
                             model::HookPoint::kBeforeStep,
                             model::HookPoint::kAfterStep,
                             model::HookPoint::kAfterRun}) {
      roll_.spec.hooks.push_back({.name = std::string(model::HookPointName(point)),
                                  .when = point,
                                  .command = {"/hook"},
                                  .timeout = milliseconds(1'000)});
    }
  }
  roll_.spec.policy.client_impact = schedule_.client_impact;
  for (const auto& [id, behaviour] : schedule_.offered) {
    roll_.Offer(id, behaviour);
    if (behaviour == Behaviour::kDiesLater) {
      roll_.spec.policy.soak = kLongSoak;
    }
  }
  machines_.push_back(std::make_unique<Machine>(roll_.clock));
  began_ = roll_.world.now();
  roll_.agents.on_tick = [this] { Tick(); };
  roll_.agents.stores = [this](model::ServerId id) { return !refuse_records_.contains(id); };
}

// An upgrade that halted: its agent was cut off when the server was to be judged, and nobody is
// going on with it.
void Drill::LeaveBehind(model::ServerId id) {
  auto& agent = roll_.agents.agent(id);
  roll_.run_id = kLeftBehind;
  schedule_.offered.erase(id);  // it may be told to start once more what it was brought to
  roll_.agents.on_tick = [this, &agent] {
    oracle_.Look();
    agent.reachable = agent.reachable && agent.runner().state() != OperationState::kVerifying;
  };
  auto run = roll_.NewRun();
  for (auto& server : run.state.servers) {
    server.target = server.id == id ? server.target : server.origin;
  }
  static_cast<void>(roll_.Drive(std::move(run)));
  agent.reachable = true;
}

// One to all of the members, which no supervisor starts again.
void Drill::CrashSome() {
  const auto members = roll_.world.members().size();
  const auto crash = 1 + schedule_.seed % members;
  if (schedule_.seed % 2 == 0) {
    LeaveBehind(roll_.world.members().at(schedule_.seed / members % members).id);
  }
  for (std::uint64_t i = 0; i < crash; ++i) {
    roll_.world.Kill(roll_.world.members().at((schedule_.seed / members + i) % members).id);
  }
  roll_.run_id = "run";
  roll_.repairs = true;
  roll_.restarts = schedule_.seed % 3 != 0;  // else they are to run what is wanted
}

}  // namespace zoowarden::sim
