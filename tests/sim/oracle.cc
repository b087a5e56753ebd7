#include "tests/sim/oracle.h"

#include "controller/run/lease.h"
#include "controller/run/run_file.h"
#include "core/operation_table.h"

#include <algorithm>
#include <utility>

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

Present Bit(bool set, std::size_t member) { return Present{set ? 1U : 0U} << member; }

// Without whom alone these are a quorum.
Present SpareOf(const World& world, Present present) {
  Present spare = 0;
  for (std::size_t i = 0; i < world.members().size(); ++i) {
    spare |= Bit(IsQuorum(world.members(), present & ~Bit(true, i)), i);
  }
  return spare;
}

}  // namespace

Oracle::Oracle(World& world, SimAgents& agents)
    : world_(world), agents_(agents), watched_(world.members().size()) {
  for (const auto& member : world.members()) {
    auto& host = agents.agent(member.id).host();
    host.on_signal = [this](model::ServerId id) { JudgeStop(id); };
    host.on_launch = [this](model::ServerId id) {
      JudgeLaunch(id);
      Of(id).start = {.process = world_.server(id).process->start_time, .at = world_.now()};
    };
  }
  agents.answered = [this](const std::string& method,
                           model::ServerId id,
                           const controller::Call& /*call*/,
                           const base::Status& result) {
    if (result && (method == "proceed" || method == "roll_back")) {
      Of(id).commanded = world_.now();
    }
    if (result && method == "roll_back") {
      JudgeTakenBack(id);
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
  for (const auto& member : world_.members()) {
    NoteServer(Of(member.id), world_.server(member.id));
  }
  NoteReign();
  NoteLosses();
  if (world_.doubles() > std::exchange(doubles_, world_.doubles())) {
    Break("I8", "a process was started beside another one on the same data directory");
  }
}

void Oracle::NoteServer(Watched& watched, const ModelServer& server) {
  if (watched.stopped && server.joined && server.process->start_time != *watched.stopped) {
    watched.stopped.reset();
  }
  NoteStart(watched, server);
  NoteStandalone(watched, server);
  if (watched.current != server.current) {
    watched.current = server.current;
    if (!server.generations.contains(server.current)) {
      Break("I7", "`current` of server " + model::ToString(server.id) + " names nothing whole");
    }
  }
  const auto& operation = agents_.agent(server.id).journal().operation;
  if (operation.transitions > core::kMaxTransitions) {
    Break("I12", "the operation of server " + model::ToString(server.id) + " goes on and on");
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
  Present proved = 0;
  Present serving = 0;
  for (const auto& member : world_.members()) {
    const auto& server = world_.server(member.id);
    proved |= Bit(Proved(server), member.id.value - 1);
    serving |= Bit(server.joined && !server.process->frozen, member.id.value - 1);
  }
  if (proved_ != proved) {
    proved_ = proved;
    spare_proved_ = SpareOf(world_, proved);
  }
  if (serving_ != serving) {
    serving_ = serving;
    spare_serving_ = SpareOf(world_, serving);
  }
  if (!world_.leader()) {
    return;
  }
  for (std::size_t i = 0; i < watched_.size(); ++i) {
    if ((spare_proved_ & Bit(true, i)) != 0) {
      watched_[i].enough_without = world_.now();
    }
    if ((spare_serving_ & Bit(true, i)) != 0) {
      watched_[i].quorum_without = world_.now();
    }
  }
}

void Oracle::NoteReign() {
  auto epochs = std::exchange(epochs_, {});
  epochs.resize(world_.members().size());
  bool changed = reigns_.empty();
  for (const auto& member : world_.members()) {
    const auto epoch = agents_.agent(member.id).journal().fence.owner.epoch;
    auto& known = epochs[member.id.value - 1];
    changed = changed || known != epoch;
    known = epoch;
  }
  epochs_ = std::move(epochs);
  if (!changed) {
    return;
  }
  auto sorted = epochs_;
  std::sort(sorted.rbegin(), sorted.rend());
  const auto highest = sorted.at(controller::MajorityOf(sorted.size()) - 1);
  if (reigns_.empty() || reigns_.back().epoch < highest) {
    reigns_.push_back({highest, world_.now()});
  }
}

// Whose agent cannot do anything about it is left out.
void Oracle::NoteStandalone(Watched& watched, const ModelServer& server) {
  auto& agent = agents_.agent(server.id);
  if (world_.ModeOf(server.id) != model::Mode::kStandalone || !agent.runs() || agent.frozen ||
      agent.journal().failing_saves > 0) {
    watched.standalone_since.reset();
    return;
  }
  watched.standalone_since = watched.standalone_since.value_or(world_.now());
  if (world_.now() - *watched.standalone_since == kStandaloneAge) {
    Break("I10", "server " + model::ToString(server.id) + " runs standalone and is left alone");
  }
}

void Oracle::NoteStart(Watched& watched, const ModelServer& server) {
  auto& start = watched.start;
  if (!server.process || server.process->start_time != start.process) {
    start.spoilt = true;
    return;
  }
  const bool serves = server.joined && !server.process->frozen && !server.cut_off;
  if (!serves && (start.served || world_.now() - start.at > step_timeout / 2)) {
    start.spoilt = true;
  }
  start.served = start.served || serves;
}

// Without a wiped disk no election may lose anything; with one, none while we hold back a member
// that has it.
void Oracle::NoteLosses() {
  if (world_.losses() == std::exchange(losses_, world_.losses())) {
    return;
  }
  for (const auto& member : world_.members()) {
    const bool had = (world_.had_lost() & Bit(true, member.id.value - 1)) != 0;
    if (!world_.was_wiped() || (had && Of(member.id).stopped)) {
      Break("I3", "an acknowledged write was lost");
      return;
    }
  }
}

std::size_t Oracle::AgentsThatKnow(model::ServerId attempt, Known how) {
  const auto& journal = agents_.agent(attempt).journal();
  // Who settles an operation of another run has it in a record of their own.
  return std::max(AgentsThatKnow(attempt, journal.operation.run_id, how),
                  AgentsThatKnow(attempt, journal.fence.owner.run_id, how));
}

std::size_t Oracle::AgentsThatKnow(model::ServerId attempt, const std::string& run_id, Known how) {
  std::size_t know = 0;
  std::string decoded;
  bool has = false;
  for (const auto& member : world_.members()) {
    const auto& records = agents_.agent(member.id).records;
    const auto record = records.find(run_id);
    if (record == records.end()) {
      continue;
    }
    if (decoded != record->second.state_json) {
      decoded = record->second.state_json;
      const auto run = controller::DecodeRun(decoded);
      has = run && (run->state.attempt == attempt ||
                    (run->state.settlement && run->state.settlement->server == attempt) ||
                    (how == Known::kSinceBefore && core::ServerOf(run->state, attempt).changed));
    }
    know += has ? 1 : 0;
  }
  return know;
}

std::optional<core::RunState> Oracle::StateOfRun(const std::string& run_id) {
  const controller::RunRecord* newest = nullptr;
  for (const auto& member : world_.members()) {
    const auto& records = agents_.agent(member.id).records;
    const auto record = records.find(run_id);
    if (record != records.end() &&
        (newest == nullptr || std::pair(newest->epoch, newest->sequence) <
                                  std::pair(record->second.epoch, record->second.sequence))) {
      newest = &record->second;
    }
  }
  if (newest == nullptr) {
    return std::nullopt;
  }
  auto run = controller::DecodeRun(newest->state_json);
  return run ? std::optional(std::move(run->state)) : std::nullopt;
}

// What the agent does by itself is the way back; forward it was told to.
void Oracle::JudgeLaunch(model::ServerId id) {
  JudgeAim(id);
  const auto& operation = agents_.agent(id).journal().operation;
  const bool forward =
      operation.state == model::OperationStateName(model::OperationState::kStarting);
  // Without a quorum another one may be its attempt by now.
  if (forward &&
      AgentsThatKnow(id, Known::kSinceBefore) < controller::MajorityOf(world_.members().size())) {
    Break("I14",
          "server " + model::ToString(id) +
              " is started before a majority of agents has it in its record");
  }
}

// Who repairs touches nobody else.
void Oracle::JudgeAim(model::ServerId id) {
  const auto state = StateOfRun(agents_.agent(id).journal().operation.run_id);
  if (state && core::IsRepair(*state) && !core::ServerOf(*state, id).repair) {
    Break("I2", "server " + model::ToString(id) + " is touched by a repair of others");
  }
}

// Whoever starts what is down changes nothing that another run has brought there.
void Oracle::JudgeTakenBack(model::ServerId id) {
  const auto& journal = agents_.agent(id).journal();
  const auto& by = journal.fence.owner.run_id;
  const auto state = StateOfRun(by);
  if (state && core::IsRepair(*state) && journal.operation.run_id != by) {
    Break("I2", "a repair takes server " + model::ToString(id) + " back from what another run did");
  }
}

void Oracle::JudgeStop(model::ServerId id) {
  const auto& server = world_.server(id);
  const auto name = "server " + model::ToString(id);
  JudgeAim(id);
  if (!server.joined || server.process->exits) {
    return;  // it counts for nothing
  }
  JudgeRest(id, name);
  if (world_.now() - Of(id).commanded > kOrderAge) {
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
  JudgeRecord(id, name);
  JudgeOrder(server, name);
  JudgeFault(id, name);
  Of(id).stopped = server.process->start_time;
}

// What is left without it.
void Oracle::JudgeRest(model::ServerId id, const std::string& name) {
  for (const auto& member : world_.members()) {
    if (member.id != id && Of(member.id).stopped) {
      Break("I2",
            name + " is stopped while server " + model::ToString(member.id) +
                ", stopped by us, is not back");
    }
  }
  if (world_.now() - Of(id).quorum_without > kOrderAge) {
    Break("I1", name + " is stopped, and the others were no quorum");
  } else if (world_.now() - Of(id).enough_without > kOrderAge) {
    Break("I10", name + " is stopped, and the others were no quorum with everything in their logs");
  }
}

// The intent comes first, in both journals.
void Oracle::JudgeRecord(model::ServerId id, const std::string& name) {
  if (AgentsThatKnow(id) < controller::MajorityOf(world_.members().size())) {
    Break("I14", name + " is stopped before a majority of agents has it in its record");
  }
  const auto& intended = agents_.agent(id).journal().operation.intended;
  if (intended.start_time != world_.server(id).process->start_time) {
    Break("I14", name + " is stopped before its agent has written down that it will be");
  }
}

// Forward, the leader goes last.
void Oracle::JudgeOrder(const ModelServer& server, const std::string& name) {
  const auto& operation = agents_.agent(server.id).journal().operation;
  const bool forward =
      operation.state == model::OperationStateName(model::OperationState::kStopping);
  if (leader_ != server.id || world_.now() - led_since_ < kKnownLeaderAge || !forward) {
    return;
  }
  const auto state = StateOfRun(operation.run_id);
  if (!state || state->goal != core::RunGoal::kForward) {
    return;
  }
  for (const auto& member : world_.members()) {
    const auto& other = world_.server(member.id);
    if (member.id != server.id && Proved(other) &&
        other.process->generation !=
            core::WantedOf(*state, core::ServerOf(*state, member.id)).digest) {
      Break("I11", name + " leads and is stopped before server " + model::ToString(member.id));
    }
  }
}

// Taken back while the run goes forward: only for what it did itself.
void Oracle::JudgeFault(model::ServerId id, const std::string& name) {
  const auto& operation = agents_.agent(id).journal().operation;
  const auto& start = Of(id).start;
  const bool back =
      operation.state == model::OperationStateName(model::OperationState::kRollingBack);
  if (!back || start.spoilt || !start.served || vetoed >= start.at) {
    return;
  }
  // Of whom it obeys by now, which may be one who settles it.
  const auto state = StateOfRun(agents_.agent(id).journal().fence.owner.run_id);
  if (state && state->goal == core::RunGoal::kForward) {
    Break("I5", name + " is taken back, and what went wrong was not its fault");
  }
}

}  // namespace zoowarden::sim
