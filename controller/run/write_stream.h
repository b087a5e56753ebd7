// A stream of small writes beside a run's rounds, by which the run knows how long clients had to
// wait: canaries (docs/protocol.md) through the agents, one at a time, like one client that is
// connected to a member that is not being changed and goes to the next when that does not answer.
//
// Each write carries the run's fencing epoch, so one of a controller that has lost the run is
// refused by the agents, and counts as not measured.
#pragma once

#include "controller/run/agents.h"
#include "controller/run/write_gaps.h"
#include "core/run_state.h"
#include "sys/clock.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace zoowarden::controller {

class WriteStream {
 public:
  virtual ~WriteStream() = default;

  // Begins, or goes on: through the first of these that writes, as long as it does. The last one
  // is left as soon as there is another one. Called in every round: a stream that nobody has
  // followed for a lease's time rests, so that it never outlives its run.
  virtual void Follow(const RunIdentity& run, const std::vector<model::ServerId>& through) = 0;
  // No write is begun any more. Does not wait for the one under way.
  virtual void Rest() = 0;
  // The same, and none is under way when it returns.
  virtual void End() = 0;
  // What was seen since this was called before; nothing while it never followed anybody.
  virtual std::optional<core::WritesSeen> Take() = 0;
};

// Whom to write through: who serves first, observers late, the one that is being changed last.
[[nodiscard]] std::vector<model::ServerId> WriteOrder(const core::RunState& state,
                                                      const model::Round& round);

// Which try of a write an agent's answer was.
[[nodiscard]] WriteTry Judge(const base::Result<Canary>& answer);

// The real one: a thread of its own that begins with the first Follow.
class ThreadedWriteStream final : public WriteStream {
 public:
  using Commit = std::function<base::Result<Canary>(
      model::ServerId, const RunIdentity&, std::chrono::milliseconds deadline)>;

  // Between a write that was committed and the next one, and after one that was not.
  static constexpr std::chrono::milliseconds kPeriod{200};
  static constexpr std::chrono::milliseconds kPauseBeforeRetry{50};
  // What a member has to commit one.
  static constexpr std::chrono::milliseconds kDeadline{1'000};
  // After which nobody follows it any more.
  static constexpr std::chrono::milliseconds kUnfollowed{15'000};

  // `commit` is called in the stream's thread and by nobody else; the clock must outlive it.
  ThreadedWriteStream(Commit commit, sys::Clock& clock);
  ThreadedWriteStream(const ThreadedWriteStream&) = delete;
  ThreadedWriteStream& operator=(const ThreadedWriteStream&) = delete;
  ~ThreadedWriteStream() override;

  void Follow(const RunIdentity& run, const std::vector<model::ServerId>& through) override;
  void Rest() override;
  void End() override;
  std::optional<core::WritesSeen> Take() override;

 private:
  void Write(const std::stop_token& stop);
  void WriteOnce(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool IsFollowed() const;  // with mutex_ held

  Commit commit_;
  sys::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<RunIdentity> run_;
  std::vector<model::ServerId> through_;
  std::optional<model::ServerId> present_;
  model::Instant followed_{0};
  bool writing_ = false;
  bool began_ = false;
  WriteGaps gaps_;
  std::jthread thread_;  // last: it ends before what it writes to
};

}  // namespace zoowarden::controller
