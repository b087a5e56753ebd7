#include "tests/crash/run_case.h"

#include "base/text.h"
#include "core/operation_table.h"
#include "journal/agent_journal.h"
#include "tests/crash/controller.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <vector>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{60};
constexpr milliseconds kTurn{4};

using Tree = std::map<std::string, std::string>;
using Trees = std::map<std::string, Tree>;

// The first path that one of them has otherwise.
std::string DifferenceOf(const Tree& before, const Tree& after) {
  for (const auto& [path, content] : before) {
    const auto found = after.find(path);
    if (found == after.end() || found->second != content) {
      return path + (found == after.end() ? " is gone" : " has changed");
    }
  }
  for (const auto& [path, content] : after) {
    if (!before.contains(path)) {
      return path + " is new";
    }
  }
  return "";
}

class Judged {
 public:
  Judged(const Case& which, const Stage& stage, const fs::path& directory, int number)
      : case_(which), box_(stage, directory, number) {}

  std::string Run() {
    if (const auto prepared = Prepare(); !prepared) {
      return "not prepared: " + prepared.error().message();
    }
    Controller controller(box_, case_, from_);
    if (const std::string wrong = Drive(controller); !wrong.empty()) {
      return wrong + Story(controller);
    }
    box_.KillAgent();
    const std::string wrong = Judge(controller);
    return wrong.empty() ? "" : wrong + Story(controller);
  }

 private:
  base::Status Prepare() {
    if (case_.kind != Kind::kFirstInstallation) {
      ZW_TRY(box_.InstallOld());
      from_ = box_.Current();
      for (const auto& below : Untouchable()) {
        before_[below] = TreeBelow(below);
      }
    }
    return box_.StartAgent(FirstFault(case_));
  }

  // What no operation may write: the data, the old generation and the old release (I7, I9, I13).
  [[nodiscard]] std::vector<std::string> Untouchable() const {
    const fs::path release = fs::read_symlink(box_.directory() / "generations" / from_ / "release");
    return {"data", "generations/" + from_, "releases/" + release.filename().string()};
  }

  // A generation's mark that it ran is no part of what runs.
  [[nodiscard]] Tree TreeBelow(const std::string& below) const {
    Tree tree = box_.Tree(below);
    tree.erase("ran");
    return tree;
  }

  std::string Drive(Controller& controller) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    auto connected = controller.Connect();
    int deaths = 0;
    while (std::chrono::steady_clock::now() < end) {
      if (!box_.AgentRuns()) {
        if (++deaths > 1) {
          return "the agent died more than once";
        }
        if (const auto started = box_.StartAgent(SecondFault(case_)); !started) {
          return started.error().message();
        }
        connected = controller.Connect();
      }
      if (!connected && box_.AgentRuns()) {
        return "the lease: " + connected.error().message();
      }
      const bool ended = controller.Turn();
      if (const std::string wrong = AtEachTurn(); !wrong.empty()) {
        return wrong;
      }
      const bool kills = case_.fault == Fault::kKilledBefore || case_.fault == Fault::kKilledAfter;
      if (ended && box_.AgentRuns() && deaths == (kills ? 1 : 0)) {
        return "";
      }
      std::this_thread::sleep_for(kTurn);
    }
    return "no end within " + std::to_string(kPatience.count()) + " s (I5)";
  }

  [[nodiscard]] std::string AtEachTurn() const {
    if (const std::string violation = box_.FirstViolation(); !violation.empty()) {
      return "I8: " + violation;
    }
    const std::string current = box_.Current();
    if (!current.empty()) {
      if (const std::string why = box_.IncompleteBecause(current); !why.empty()) {
        return "I7: current is incomplete: " + why;
      }
    }
    return "";
  }

  std::string Judge(const Controller& controller) {
    const auto journal = journal::OpenAgentJournal(box_.directory() / "state/journal.db");
    if (!journal) {
      return "the journal: " + journal.error().message();
    }
    for (const std::string& operation : controller.operations()) {
      if (const std::string wrong = ReadHistory(**journal, operation); !wrong.empty()) {
        return wrong;
      }
    }
    if (const std::string expected = base::Join(ExpectedStates(case_), " "); expected != Passed()) {
      return "states: expected " + expected + "\n    but were      " + Passed();
    }
    if (box_.AgentLog().find("fault=agent.") == std::string::npos) {
      return "the fault never came about";
    }
    const std::string wrong = JudgeEnd();
    return wrong.empty() ? JudgeDisk() : wrong;
  }

  // Every step must be one of the table (I12: and not more than it allows).
  std::string ReadHistory(journal::AgentJournal& journal, const std::string& operation) {
    const auto row = journal.FindOperation(operation);
    const auto steps = journal.ListTransitions(operation);
    if (!row || !*row || !steps) {
      return "the journal knows nothing of " + operation;
    }
    digests_.insert({(*row)->from_generation, (*row)->to_generation});
    to_ = (*row)->to_generation;
    if (steps->size() > static_cast<std::size_t>(core::kMaxTransitions)) {
      return "I12: " + std::to_string(steps->size()) + " transitions";
    }
    for (const journal::TransitionRow& step : *steps) {
      const auto table = core::OperationTransitions();
      const bool known = std::any_of(table.begin(), table.end(), [&](const auto& transition) {
        return model::OperationStateName(transition.from) == step.from_state &&
               core::OperationEventName(transition.event) == step.event &&
               model::OperationStateName(transition.to) == step.to_state;
      });
      if (!known) {
        return "not in the table: " + step.from_state + " + " + step.event;
      }
      passed_.push_back(step.to_state);
    }
    return "";
  }

  [[nodiscard]] std::string Passed() const { return base::Join(passed_, " "); }

  // All-new or all-old, in `current` and in what is served (I5, I6).
  [[nodiscard]] std::string JudgeEnd() const {
    const bool committed = passed_.back() == "committed";
    const std::string wanted = committed ? to_ : from_;
    if (box_.Current() != wanted) {
      return "current is '" + box_.Current() + "', wanted '" + wanted + "'";
    }
    if (box_.Running() != wanted) {
      return "'" + box_.Running() + "' is served, wanted '" + wanted + "'";
    }
    for (const std::string& generation : box_.Started()) {
      if (!digests_.contains(generation)) {
        return "I7: '" + generation + "' was started and is not in the journal";
      }
    }
    return "";
  }

  [[nodiscard]] std::string JudgeDisk() const {
    for (const auto& [below, tree] : before_) {
      if (const std::string difference = DifferenceOf(tree, TreeBelow(below));
          !difference.empty()) {
        return "I9: " + below + " was written to: " + difference;
      }
    }
    if (case_.kind == Kind::kFirstInstallation) {
      const Tree prepared = {{"myid", "1\n"}, {"version-2", "/"}};
      const auto data = box_.Tree("data");
      const bool begun = std::find(passed_.begin(), passed_.end(), "starting") != passed_.end();
      if (data != prepared && (begun || !data.empty())) {
        return "I9: the data directory holds more than version-2 and myid";
      }
    }
    const std::string leftover = box_.Leftover();
    return leftover.empty() ? "" : "left behind: " + leftover;
  }

  std::string Story(const Controller& controller) const {
    return "\n  last refusal: " + controller.refused() + "\n  agent's log:\n" + box_.AgentLog();
  }

  Case case_;
  Box box_;
  std::string from_;
  std::string to_;
  Trees before_;
  std::set<std::string> digests_;
  std::vector<std::string> passed_;
};

}  // namespace

std::string RunCase(const Case& which, const Stage& stage, const fs::path& directory, int number) {
  return Judged(which, stage, directory, number).Run();
}

}  // namespace zoowarden::crash
