// A server in memory: one possible ZooKeeper process, `current`, and generations that behave as
// told. It counts what was done to it, so that a test can say what must never happen.
#pragma once

#include "agent/operation/host.h"
#include "sys/clock.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::test {

// What a process of a generation does once it is started.
struct GenerationBehaviour {
  std::chrono::milliseconds joins_after{500};
  bool joins = true;
  bool standalone = false;
  bool dies_at_once = false;
};

class FakeServerHost final : public agent::ServerHost {
 public:
  explicit FakeServerHost(sys::Clock& clock) : clock_(&clock) {}

  // A serving process of `generation`, as before any operation.
  void Serve(const std::string& generation) {
    current = generation;
    StartProcess(generation);
    started_at_ -= std::chrono::hours(1);
  }

  [[nodiscard]] std::string BootId() override { return boot_id; }

  [[nodiscard]] core::Reality Look(const core::OperationRecord&, agent::LookAt what) override {
    Reap();
    looks.push_back(what);
    core::Reality reality;
    reality.processes_visible = processes_visible;
    reality.process = process;
    reality.current = current_problem.empty() ? current : "";
    reality.current_problem = current_problem;
    reality.several = process && several;
    reality.restart = process ? restart : core::Restart::kNone;
    reality.restart_text = "what the supervisor says";
    if (process && what == agent::LookAt::kMember) {
      reality.mode = ModeNow();
      reality.quorum_connection = connected || reality.mode == model::Mode::kFollower;
      reality.member_looked = true;
    }
    clock_->SleepFor(look_takes);
    return reality;
  }

  [[nodiscard]] base::Status CheckMayBegin() override {
    return begin_error ? base::Status(base::Fail(*begin_error)) : base::Ok();
  }

  [[nodiscard]] base::Result<model::Generation> Stage(const agent::StageRequest& request) override {
    ++stagings;
    if (stage_error) {
      return base::Fail(*stage_error);
    }
    return model::Generation{.digest = request.existing_generation};
  }

  [[nodiscard]] base::Status CheckDataIsEmpty() override {
    return data.empty() ? base::Ok()
                        : base::Status(base::Fail(base::ErrorCode::kFailedPrecondition,
                                                  "install.not_first",
                                                  "the data directory is not empty"));
  }

  [[nodiscard]] base::Status PrepareData() override {
    if (data.empty()) {
      data = "prepared";
    }
    return base::Ok();
  }

  [[nodiscard]] base::Status SwitchTo(const std::string& generation) override {
    switches_while_running += process ? 1 : 0;
    current = generation;
    current_problem = current_stays_unreadable ? current_problem : "";
    return base::Ok();
  }

  [[nodiscard]] base::Status Launch() override {
    launches_over_a_process += process ? 1 : 0;
    ++launches;
    if (launch_error) {
      return base::Fail(*launch_error);
    }
    if (!behaviour[current].dies_at_once) {
      StartProcess(current);
    }
    return base::Ok();
  }

  [[nodiscard]] base::Status Signal(const model::Process& target,
                                    agent::StopSignal signal,
                                    const agent::StopCheck& still) override {
    clock_->SleepFor(stop_takes);
    Reap();
    if (!process || process->pid != target.pid || process->start_time != target.start_time) {
      return base::Fail(base::ErrorCode::kNotFound, "gone");
    }
    if (still && !still()) {
      return base::Fail(base::ErrorCode::kCancelled, "not wanted any more");
    }
    signals.push_back(signal);
    const bool dies = signal == agent::StopSignal::kKill ? !immortal : !ignores_sigterm;
    if (dies && !exits_at_) {
      exits_at_ = clock_->BootTime() + exit_takes;
    }
    return stop_error ? base::Status(base::Fail(*stop_error)) : base::Ok();
  }

  void KillProcess() { process.reset(); }
  void ReplaceProcess(const std::string& generation) { StartProcess(generation); }

  std::string boot_id = "boot-1";
  bool processes_visible = true;
  std::optional<model::Process> process;
  bool several = false;  // another process is on the same data
  std::string current;
  std::string current_problem;  // until `current` is pointed anew
  bool current_stays_unreadable = false;
  std::string data = "a member's";               // what lies in the data directory
  core::Restart restart = core::Restart::kNone;  // of the process that is there
  std::map<std::string, GenerationBehaviour> behaviour;
  bool ignores_sigterm = false;
  bool immortal = false;
  bool serves_to_its_end = false;  // answers as a member until it has exited
  bool silent = false;             // does not answer, as a frozen member
  bool connected = false;          // to the quorum, though it does not serve (yet)
  std::chrono::milliseconds exit_takes{300};
  std::chrono::milliseconds look_takes{0};  // passes between what is seen and the decision
  std::chrono::milliseconds stop_takes{0};  // passes between the stop's order and its signal
  std::optional<base::Error> stop_error;    // said although the signal was sent
  std::optional<base::Error> begin_error;
  std::optional<base::Error> stage_error;
  std::optional<base::Error> launch_error;
  int stagings = 0;
  int launches = 0;
  int launches_over_a_process = 0;
  int switches_while_running = 0;
  std::vector<agent::StopSignal> signals;
  std::vector<agent::LookAt> looks;

 private:
  void StartProcess(const std::string& generation) {
    process = model::Process{.pid = ++last_pid_,
                             .start_time = static_cast<std::uint64_t>(clock_->BootTime().count()),
                             .generation = generation};
    started_at_ = clock_->BootTime();
    exits_at_.reset();
  }

  void Reap() {
    if (process && exits_at_ && clock_->BootTime() >= *exits_at_) {
      process.reset();
      exits_at_.reset();
    }
  }

  [[nodiscard]] model::Mode ModeNow() {
    const GenerationBehaviour& how = behaviour[process->generation];
    if (silent || (exits_at_ && !serves_to_its_end) ||
        clock_->BootTime() < started_at_ + how.joins_after) {
      return model::Mode::kNotServing;
    }
    if (how.standalone) {
      return model::Mode::kStandalone;
    }
    return how.joins ? model::Mode::kFollower : model::Mode::kNotServing;
  }

  sys::Clock* clock_;
  std::int32_t last_pid_ = 100;
  std::chrono::milliseconds started_at_{0};
  std::optional<std::chrono::milliseconds> exits_at_;
};

}  // namespace zoowarden::test
