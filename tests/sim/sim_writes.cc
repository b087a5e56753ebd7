#include "tests/sim/sim_writes.h"

#include <utility>

namespace zoowarden::sim {

using controller::ThreadedWriteStream;
using controller::WriteTry;

SimWriteStream::SimWriteStream(SimAgents& agents, World& world)
    : agents_(agents),
      world_(world),
      before_(std::exchange(agents.on_write_tick, [this] { Tick(); })) {}

SimWriteStream::~SimWriteStream() { agents_.on_write_tick = std::move(before_); }

void SimWriteStream::Follow(const controller::RunIdentity& run,
                            const std::vector<model::ServerId>& through) {
  run_ = run;
  through_ = through;
  present_ = 0;
  followed_ = world_.now();
}

void SimWriteStream::Rest() {
  run_.reset();
  gaps_.Rest();
}

std::optional<core::WritesSeen> SimWriteStream::Take() {
  return began_ ? std::optional(gaps_.Take()) : std::nullopt;
}

void SimWriteStream::Tick() {
  const auto now = world_.now();
  if (!run_ || now - followed_ > ThreadedWriteStream::kUnfollowed) {
    Rest();
    return;
  }
  if (now < next_) {
    return;
  }
  began_ = true;
  gaps_.Begin(now);
  const auto how = Write(through_.at(present_));
  gaps_.End(now, how);
  if (how != WriteTry::kCommitted) {
    present_ = (present_ + 1) % through_.size();
  }
  next_ =
      now + (gaps_.Waits() ? ThreadedWriteStream::kPauseBeforeRetry : ThreadedWriteStream::kPeriod);
}

WriteTry SimWriteStream::Write(model::ServerId through) {
  auto& agent = agents_.agent(through);
  if (!agent.Answers() || agents_.links[through].loses_answers ||
      !agent.lease().Renew(
          {.run_id = run_->run_id, .epoch = run_->epoch.value, .holder = run_->holder})) {
    return WriteTry::kUnasked;
  }
  const auto& server = world_.server(through);
  const bool serves = server.joined && server.process && !server.process->frozen;
  return serves && world_.Commit() ? WriteTry::kCommitted : WriteTry::kNotCommitted;
}

}  // namespace zoowarden::sim
