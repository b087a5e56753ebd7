// Carries a schedule out: controllers that die, freeze, are taken over and resumed, agents and
// members that fail, until everything is whole again and the run has to end.
#pragma once

#include "controller/cli/run_records.h"
#include "tests/sim/oracle.h"
#include "tests/sim/roll.h"
#include "tests/sim/schedule.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::sim {

struct DrillResult {
  std::vector<std::string> broken;  // empty = every invariant held
  core::RunOutcome outcome = core::RunOutcome::kNone;
  bool nothing_to_do = false;  // the last controller found everything as it should be
  std::string text;
  std::vector<std::string> story;  // what all controllers told
  int lives = 0;                   // of controllers
  Time took{0};                    // virtual
};

// The run that left an operation behind.
inline constexpr const char* kLeftBehind = "before";

// All-new or all-old.
[[nodiscard]] bool HasEnded(const core::RunState& state);

class Drill {
 public:
  explicit Drill(Schedule schedule);

  // Once.
  [[nodiscard]] DrillResult CarryOut();

 private:
  // Thrown through a controller: kill -9.
  struct ControllerKilled {};
  struct Overtime {};

  struct Running {
    Incident incident;
    Time until{0};
  };
  // What one machine that controllers run on has.
  struct Machine {
    explicit Machine(sys::Clock& clock) : checks(clock) {}
    MemoryRunJournal journal;
    ScriptedChecks checks;
  };
  class Storyteller final : public controller::Progress {
   public:
    explicit Storyteller(std::function<void(const std::string&)> tell) : tell_(std::move(tell)) {}
    void OnEvent(const core::Event& event) override;
    void OnRound(const controller::RunFile& run,
                 const core::Decision& decision,
                 const model::Round& round) override;
    // Of a record that most agents have.
    void NoteOwed(const core::RunState& state);
    // Ids of calls that the record of a run ever owed.
    [[nodiscard]] const std::set<std::string>& OwedBy(const std::string& run_id) {
      return owed_[run_id];
    }

   private:
    std::function<void(const std::string&)> tell_;
    std::map<std::string, std::set<std::string>> owed_;
  };
  using Ended = base::Result<controller::EngineResult>;

  void Tick();
  void Tell(const std::string& text);
  void Begin(const Incident& incident);
  void End(const Incident& incident);
  void BeginAtServer(const Incident& incident);
  void BeginAtAgent(const Incident& incident);
  void EndAtAgent(const Incident& incident);
  void FreezeController(const Incident& incident);
  [[nodiscard]] bool Calm() const;

  void Operate();
  void EndByHand();
  // `zoowarden server ...` where an operation waits for a person. False: none does, or that was
  // tried often enough.
  bool Repair();
  [[nodiscard]] Ended Settle(const model::MemberObservation& waits,
                             std::vector<model::MemberObservation> seen);
  void CrashSome();
  void LeaveBehind(model::ServerId id);
  [[nodiscard]] bool NobodyIsDown();
  [[nodiscard]] base::Status CheckAllAnswer(
      const std::vector<model::MemberObservation>& seen) const;
  [[nodiscard]] Ended NothingToDo(const std::vector<model::MemberObservation>& seen);
  [[nodiscard]] Ended NothingDown(const std::vector<model::MemberObservation>& seen);
  using Life = std::function<Ended()>;
  [[nodiscard]] std::optional<Ended> LiveOnce(const Life& life);  // nullopt = killed
  [[nodiscard]] Ended Live(bool take_over);
  [[nodiscard]] Ended Resume(Machine& machine, const std::string& run_id, bool take_over);
  [[nodiscard]] bool MostHave(const controller::RunRecord& record);
  [[nodiscard]] Ended Drive(Machine& machine,
                            const controller::RunIdentity& identity,
                            controller::RunFile run,
                            std::uint64_t sequence);
  void JudgeEnd();
  void JudgeServers();
  [[nodiscard]] std::string WantedOf(model::ServerId id) const;
  void JudgeInterrupted();
  void JudgeHooks();
  void Edit();
  void RollOnceMore();

  Schedule schedule_;
  Roll roll_;
  Oracle oracle_;
  std::vector<std::unique_ptr<Machine>> machines_;
  Time began_{0};
  std::size_t next_ = 0;  // incident
  std::vector<Running> running_;
  bool controller_runs_ = false;
  bool stop_requested_ = false;
  bool aborting_ = false;  // who drives wants the run to end there
  bool checks_pass_ = true;
  bool hooks_pass_ = true;
  bool nothing_to_do_ = false;             // the last life found everything as it should be
  std::vector<std::string> hooks_called_;  // ids, by all controllers
  std::set<model::ServerId> refuse_records_;
  int lives_ = 0;
  int calm_lives_ = 0;
  int runs_ = 0;
  int repairs_ = 0;
  std::map<model::ServerId, std::int32_t> first_pids_;
  std::optional<core::RunState> last_;
  std::vector<std::string> story_;
  Storyteller progress_{[this](const std::string& text) { Tell(text); }};
};

}  // namespace zoowarden::sim
