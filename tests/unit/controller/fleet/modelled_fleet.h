// Twenty modelled ensembles: commands that run in virtual time and leave records, whatever becomes
// of the process that began them. What is stored is the text of the record, in memory.
#pragma once

#include "controller/fleet/fleet_driver.h"
#include "controller/run/prepare.h"
#include "sys/manual_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::controller {

using std::chrono::milliseconds;

// What an ensemble's command comes to, once it has been at it for `lasts`.
struct Fate {
  core::RunOutcome outcome = core::RunOutcome::kSucceeded;
  int exit_code = 0;
  bool records = true;  // a run; false: nothing to do, or refused before there was one
  int breaks = 0;       // so many times it dies by a signal in the middle
  milliseconds lasts{60'000};
  int verify_code = 0;
  milliseconds verify_lasts{500};
};

class FleetKilled : public std::exception {};

struct ModelledProcess {
  std::size_t ensemble = 0;
  EnsembleVerb verb = EnsembleVerb::kBegin;
  std::string run_id;
  milliseconds begins{0};
  milliseconds ends{0};
  int code = 0;
  bool gone = false;
  bool interrupted = false;
  bool idle = false;  // it was refused, or only looks on: it does nothing to its ensemble
};

// All that outlives the fleet's process.
class ModelledWorld final : public sys::Clock {
 public:
  std::vector<Fate> fates;
  std::map<std::size_t, std::vector<RunSeen>> runs;  // of each ensemble, the oldest first
  std::set<std::size_t> others;                      // ensembles that somebody else holds
  std::map<std::size_t, milliseconds> lapses;        // of leases whose command was killed
  std::vector<ModelledProcess> processes;
  std::vector<std::string> second_begins;  // of ensembles that were begun already
  milliseconds verify_held_until{0};
  std::size_t most_at_once = 0;
  int until_killed = -1;  // steps of the fleet's process; -1 = never

  // All but the time, which goes on.
  void Reset(std::size_t ensembles) {
    fates.assign(ensembles, Fate{});
    runs.clear();
    others.clear();
    lapses.clear();
    processes.clear();
    second_begins.clear();
    verify_held_until = milliseconds(0);
    most_at_once = 0;
  }

  milliseconds BootTime() override { return clock_.BootTime(); }
  milliseconds WallTime() override { return clock_.WallTime(); }
  void SleepFor(milliseconds duration) override {
    Step();
    clock_.Advance(duration);
    Run();
  }
  void JumpWall(milliseconds by) { clock_.JumpWall(by); }
  // The fleet's process is killed at the given step.
  void Step() {
    if (until_killed >= 0 && until_killed-- == 0) {
      throw FleetKilled();
    }
  }

  std::size_t Begin(std::size_t ensemble, const EnsembleOrder& order) {
    auto& fate = fates.at(ensemble);
    const bool begins = order.verb == EnsembleVerb::kBegin;
    if (begins && !order.retry && (!runs[ensemble].empty() || Held(ensemble))) {
      second_begins.push_back(std::to_string(ensemble));
    }
    ModelledProcess process{.ensemble = ensemble,
                            .verb = order.verb,
                            .run_id = order.run_id,
                            .begins = WallTime(),
                            .ends = WallTime() + fate.lasts,
                            .code = fate.exit_code,
                            .idle = order.verb == EnsembleVerb::kAttach};
    if (order.verb == EnsembleVerb::kVerify) {
      const bool held = WallTime() < verify_held_until || IsVerified(ensemble);
      process.ends = WallTime() + (held ? milliseconds(500) : fate.verify_lasts);
      process.code = held ? 8 : fate.verify_code;
    } else if (const int refusal = RefusalOf(ensemble, order); refusal != 0) {
      process.ends = WallTime() + milliseconds(1'000);
      process.code = refusal;
      process.idle = true;
    } else if (order.verb == EnsembleVerb::kResume) {
      auto& run = *FindRun(ensemble, order.run_id);
      run.by_another.clear();
      run.left_open = false;
    }
    processes.push_back(std::move(process));
    most_at_once = std::max(most_at_once, AtWork());
    return processes.size() - 1;
  }
  void Run() {
    for (auto& process : processes) {
      if (!process.gone && process.verb == EnsembleVerb::kAttach) {
        const auto* run = FindRun(process.ensemble, process.run_id);
        process.ends = run->ended || !IsHeld(process.ensemble) ? WallTime() : process.ends;
      } else if (!process.gone && process.verb != EnsembleVerb::kVerify && !process.idle) {
        Progress(process);
      }
      process.gone = process.gone || process.ends <= WallTime();
    }
  }
  // A person takes an ensemble out of its command's hands.
  void TakeOver(std::size_t ensemble) {
    others.insert(ensemble);
    runs[ensemble].back().by_another = "zoowarden://somebody/operator";
    for (auto& process : processes) {
      if (!process.gone && process.ensemble == ensemble) {
        process.gone = true;
        process.code = 8;
      }
    }
  }
  [[nodiscard]] RunSeen* FindRun(std::size_t ensemble, const std::string& run_id) {
    auto& all = runs[ensemble];
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const RunSeen& run) { return run.run_id == run_id; });
    return found == all.end() ? nullptr : &*found;
  }
  // As CollectRuns has it.
  [[nodiscard]] bool IsOpen(std::size_t ensemble, const RunSeen& run) {
    const auto& all = runs[ensemble];
    const bool order = std::any_of(all.begin(), all.end(), [&](const RunSeen& other) {
      return &other > &run && other.ended &&
             (other.outcome == core::RunOutcome::kSucceeded ||
              other.outcome == core::RunOutcome::kRolledBack);
    });
    return !order && (!run.ended || run.outcome == core::RunOutcome::kHalted ||
                      run.outcome == core::RunOutcome::kStuck);
  }
  [[nodiscard]] bool IsHeld(std::size_t ensemble) {
    const auto lapse = lapses.find(ensemble);
    return others.contains(ensemble) || Held(ensemble) ||
           (lapse != lapses.end() && clock_.WallTime() < lapse->second);
  }
  void Interrupt(std::size_t process) {
    auto& one = processes.at(process);
    one.interrupted = true;
    one.ends = std::min(one.ends, WallTime() + milliseconds(5'000));
    one.code = 130;
  }
  // Now, by a command of this or of an earlier process.
  [[nodiscard]] bool IsVerified(std::size_t ensemble) const {
    return std::any_of(processes.begin(), processes.end(), [&](const auto& process) {
      return !process.gone && process.ensemble == ensemble && process.verb == EnsembleVerb::kVerify;
    });
  }
  [[nodiscard]] bool Held(std::size_t ensemble) const {
    return std::any_of(processes.begin(), processes.end(), [&](const auto& process) {
      return !process.gone && !process.idle && process.ensemble == ensemble &&
             (process.verb == EnsembleVerb::kBegin || process.verb == EnsembleVerb::kResume);
    });
  }
  [[nodiscard]] std::size_t Began(std::size_t ensemble, EnsembleVerb verb) const {
    return static_cast<std::size_t>(
        std::count_if(processes.begin(), processes.end(), [&](const auto& process) {
          return process.ensemble == ensemble && process.verb == verb;
        }));
  }

 private:
  [[nodiscard]] std::size_t AtWork() const {
    std::set<std::size_t> ensembles;
    for (const auto& process : processes) {
      if (!process.gone) {
        ensembles.insert(process.ensemble);
      }
    }
    return ensembles.size();
  }
  // The exit code of a command that may not do what it was begun for.
  int RefusalOf(std::size_t ensemble, const EnsembleOrder& order) {
    const auto* run = FindRun(ensemble, order.run_id);
    const bool resumes = order.verb == EnsembleVerb::kResume;
    if (order.verb == EnsembleVerb::kAttach) {
      return 0;
    }
    if (others.contains(ensemble) || Held(ensemble)) {
      return 8;
    }
    return resumes ? (run != nullptr && IsOpen(ensemble, *run) ? 0 : 5) : (run != nullptr ? 5 : 0);
  }
  // Its first record is stored two seconds after the command began, as it plans first.
  void Progress(ModelledProcess& process) {
    auto& fate = fates.at(process.ensemble);
    if (!fate.records) {
      return;
    }
    auto* run = FindRun(process.ensemble, process.run_id);
    if (run == nullptr && WallTime() >= process.begins + milliseconds(2'000)) {
      run = &runs[process.ensemble].emplace_back(RunSeen{.run_id = process.run_id});
    }
    const bool breaks = fate.breaks > 0 && WallTime() >= process.begins + milliseconds(10'000);
    if (breaks) {
      --fate.breaks;
      lapses[process.ensemble] = WallTime() + milliseconds(15'000);
      process.gone = true;
      process.code = 137;
    } else if (process.ends <= WallTime() && run != nullptr) {
      run->ended = !process.interrupted;
      run->left_open = process.interrupted;
      run->outcome = run->ended ? fate.outcome : core::RunOutcome::kNone;
      run->text = "as it was to be";
    }
  }

  sys::ManualClock clock_;
};

class ModelledCommand final : public EnsembleCommand {
 public:
  ModelledCommand(ModelledWorld& world, std::size_t number, bool own)
      : world_(world), number_(number), own_(own) {}
  bool Ended() override { return world_.processes.at(number_).gone; }
  std::optional<int> ExitCode() override {
    return own_ ? std::optional(world_.processes.at(number_).code) : std::nullopt;
  }
  void Interrupt() override { world_.Interrupt(number_); }
  [[nodiscard]] std::string Process() const override { return std::to_string(number_); }

 private:
  ModelledWorld& world_;
  std::size_t number_;
  bool own_;  // of the process that looks: only that one gets the exit code
};

class ModelledRuns final : public EnsembleRuns {
 public:
  explicit ModelledRuns(ModelledWorld& world) : world_(world) {}

  base::Result<std::unique_ptr<EnsembleCommand>> Start(std::size_t ensemble,
                                                       const EnsembleOrder& order) override {
    world_.Step();
    const auto number = world_.Begin(ensemble, order);
    world_.Step();
    return std::make_unique<ModelledCommand>(world_, number, true);
  }
  std::unique_ptr<EnsembleCommand> FindCommand(const std::string& process) override {
    const auto number = std::stoul(process);
    return world_.processes.at(number).gone
               ? nullptr
               : std::make_unique<ModelledCommand>(world_, number, false);
  }
  std::unique_ptr<EnsembleCommand> FindBegun(const std::string& run_id) override {
    for (std::size_t i = 0; i < world_.processes.size(); ++i) {
      const auto& process = world_.processes[i];
      if (!process.gone && process.verb == EnsembleVerb::kBegin && process.run_id == run_id) {
        return std::make_unique<ModelledCommand>(world_, i, false);
      }
    }
    return nullptr;
  }
  std::optional<RunSeen> Look(std::size_t ensemble,
                              const std::string& run_id,
                              bool agents) override {
    const auto* found = world_.FindRun(ensemble, run_id);
    if (found == nullptr) {
      return std::nullopt;
    }
    auto run = *found;
    run.open = world_.IsOpen(ensemble, *found);
    run.held = agents && !run.ended && world_.IsHeld(ensemble);
    return run;
  }
  std::string LastWords(std::size_t) override { return "error: as it was to be"; }

 private:
  ModelledWorld& world_;
};

class ModelledFleetTest : public testing::Test {
 protected:
  static constexpr std::size_t kEnsembles = 20;

  void SetUp() override {
    world_.Reset(kEnsembles);
    fleet_.name = "modelled";
    fleet_.policy = {.concurrency = 4, .error_budget = 1};
    fleet_.waves = {{"canary", {0, 1}}, {"half", {}}, {"rest", {}}};
    for (std::size_t i = 0; i < kEnsembles; ++i) {
      config::FleetEnsemble ensemble;
      ensemble.file.spec.name = Name(i);
      fleet_.ensembles.push_back(std::move(ensemble));
      if (i > 1) {
        fleet_.waves[i < 10 ? 1 : 2].ensembles.push_back(i);
      }
    }
  }

  static std::string Name(std::size_t index) { return "e" + std::to_string(index); }

  [[nodiscard]] FleetRecord Fresh() const {
    FleetRecord record{.fleet = "modelled", .rollout = "r-1", .verb = "apply"};
    for (std::size_t i = 0; i < kEnsembles; ++i) {
      record.ensembles.push_back({.ensemble = Name(i)});
    }
    return record;
  }

  // One life of the fleet's process, on what is stored; nullopt: it was killed.
  std::optional<FleetEnd> Live(bool retry = false) {
    if (stored_) {
      auto decoded = DecodeFleet(*stored_);
      EXPECT_TRUE(decoded) << decoded.error().message();
      record_ = *std::move(decoded);
    } else {
      record_ = Fresh();
    }
    const bool goes_on = stored_.has_value();
    ModelledRuns runs(world_);
    FleetDriver driver({.fleet = fleet_,
                        .record = record_,
                        .runs = runs,
                        .clock = world_,
                        .new_run_id = [this] { return "run-" + std::to_string(++run_ids_); },
                        .save =
                            [&](const FleetRecord& record) {
                              world_.Step();
                              stored_ = EncodeFleet(record);
                              world_.Step();
                              return base::Ok();
                            },
                        .say = [this](const std::string& line) { said_ += line + "\n"; },
                        .stop_requested = [this] { return stop_(); }});
    try {
      if (goes_on) {
        EXPECT_TRUE(FitRecord(fleet_, record_));
        EXPECT_TRUE(driver.Reconcile(retry));
      }
      const auto end = driver.Drive();
      EXPECT_TRUE(end) << end.error().message();
      return end ? std::optional(*end) : std::nullopt;
    } catch (const FleetKilled&) {
      return std::nullopt;
    }
  }

  [[nodiscard]] std::string States() const {
    std::string text;
    for (const auto& entry : record_.ensembles) {
      text += (text.empty() ? "" : " ") + std::string(core::EnsembleStateName(entry.state));
    }
    return text;
  }
  [[nodiscard]] const FleetEntry& Entry(std::size_t index) const {
    return record_.ensembles.at(index);
  }
  void Fail(std::size_t index, core::RunOutcome outcome, int code) {
    world_.fates[index].outcome = outcome;
    world_.fates[index].exit_code = code;
  }

  // A run of it that is not the rollout's.
  void AddRun(std::size_t index, core::RunOutcome outcome) {
    world_.runs[index].push_back(
        {.run_id = "of a person", .ended = true, .outcome = outcome, .text = "by hand"});
  }

  std::optional<std::string> stored_;
  config::LoadedFleet fleet_;
  ModelledWorld world_;
  FleetRecord record_;
  std::string said_;
  std::function<bool()> stop_ = [] { return false; };
  int run_ids_ = 0;
};

}  // namespace zoowarden::controller
