#include "tests/crash/run_case.h"

#include "base/text.h"
#include "tests/crash/controller.h"
#include "tests/crash/judge.h"

#include <chrono>
#include <optional>
#include <thread>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{60};
constexpr milliseconds kTurn{4};

class Judged {
 public:
  Judged(const Case& which, const Stage& stage, const fs::path& directory, int number)
      : case_(which), box_(stage, directory, number) {}

  std::string Run() {
    if (const auto prepared = Prepare(); !prepared) {
      return "not prepared: " + prepared.error().message();
    }
    Controller controller(box_, case_, judge_->from());
    if (const std::string wrong = Drive(controller); !wrong.empty()) {
      return wrong + Story(controller);
    }
    box_.KillAgent();
    const std::string wrong = JudgeIt(controller);
    return wrong.empty() ? "" : wrong + Story(controller);
  }

 private:
  base::Status Prepare() {
    if (case_.kind != Kind::kFirstInstallation) {
      ZW_TRY(box_.InstallOld());
    }
    judge_.emplace(box_, case_.kind);
    return box_.StartAgent(FirstFault(case_));
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
      if (const std::string wrong = judge_->AtAnyTime(); !wrong.empty()) {
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

  std::string JudgeIt(const Controller& controller) {
    if (const std::string wrong = judge_->ReadHistory(controller.operations()); !wrong.empty()) {
      return wrong;
    }
    const std::string expected = base::Join(ExpectedStates(case_), " ");
    if (const std::string passed = base::Join(judge_->passed(), " "); expected != passed) {
      return "states: expected " + expected + "\n    but were      " + passed;
    }
    if (box_.AgentLog().find("fault=agent.") == std::string::npos) {
      return "the fault never came about";
    }
    return judge_->AtTheEnd();
  }

  std::string Story(const Controller& controller) const {
    return "\n  last refusal: " + controller.refused() + "\n  agent's log:\n" + box_.AgentLog();
  }

  Case case_;
  Box box_;
  std::optional<Judge> judge_;
};

}  // namespace

std::string RunCase(const Case& which, const Stage& stage, const fs::path& directory, int number) {
  return Judged(which, stage, directory, number).Run();
}

}  // namespace zoowarden::crash
