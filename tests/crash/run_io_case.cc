#include "tests/crash/run_io_case.h"

#include "base/text.h"
#include "tests/crash/controller.h"
#include "tests/crash/interposer/interposer.h"
#include "tests/crash/judge.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;
using model::OperationState;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{60};
constexpr milliseconds kTurn{10};

// The state in which a first life of the agent leaves the operation; none: it has not begun.
std::optional<OperationState> BeginsIn(Scene scene) {
  switch (scene) {
    case Scene::kInstall:
    case Scene::kUpload:
      return std::nullopt;
    case Scene::kSwitch:
    case Scene::kFirst:
      return OperationState::kStaged;
    case Scene::kRollback:
      return OperationState::kVerifying;
  }
  return std::nullopt;
}

class SceneRun {
 public:
  SceneRun(Scene scene, const IoCase* fault, const Stage& stage, fs::path directory, int number)
      : scene_(scene),
        fault_(fault),
        log_(directory / "calls"),
        box_(stage, directory / "server", number) {
    fs::create_directory(box_.directory());
  }

  IoRun Run() {
    IoRun run;
    if (const auto prepared = Prepare(); !prepared) {
      run.wrong = "not prepared: " + prepared.error().message();
      return run;
    }
    Controller controller(box_, WayOf(scene_), judge_->from(), /*epoch=*/2);
    controller.Insist();
    if (scene_ == Scene::kUpload) {
      controller.Upload();
    }
    run.wrong = Drive(controller, run);
    box_.KillAgent();
    const auto calls = ReadIoLog(log_);
    const auto hit = std::find_if(calls.begin(), calls.end(), [](const auto& c) { return c.hit; });
    if (hit != calls.end()) {
      run.hit = *hit;
    }
    if (run.wrong.empty()) {
      run.wrong = JudgeIt(controller);
    }
    run.ending = EndingOf(run, controller);
    if (run.wrong.empty() && run.hit && IsSilentLoss(run)) {
      run.wrong = "it failed and nobody was told";
    }
    if (!run.wrong.empty()) {
      run.wrong += (run.hit ? "\n  hit " + run.hit->name + " of " + run.hit->path : "\n  not hit") +
                   "\n  last refusal: " + controller.refused() +
                   "\n  states: " + base::Join(judge_->passed(), " ") + "\n  agent's log:\n" +
                   box_.AgentLog();
    }
    return run;
  }

 private:
  base::Status Prepare() {
    if (scene_ == Scene::kUpload) {
      box_.HaveNoArchives();
    }
    if (scene_ != Scene::kFirst) {
      ZW_TRY(box_.InstallOld());
    }
    judge_.emplace(box_, WayOf(scene_).kind);
    if (const auto begins = BeginsIn(scene_)) {
      ZW_TRY(box_.StartAgent(""));
      Controller first(box_, WayOf(scene_), judge_->from());
      ZW_TRY(first.Connect());
      first.EndIn(*begins);
      if (!first.TurnToTheEnd()) {
        return base::Fail(base::ErrorCode::kInternal, first.refused() + box_.AgentLog());
      }
      box_.KillAgent();
    }
    return base::Ok();
  }

  [[nodiscard]] std::vector<std::string> UnderTheInterposer() const {
    std::vector<std::string> below;
    for (const char* directory : {"state", "releases", "generations", "data"}) {
      below.push_back((box_.directory() / directory).string());
    }
    std::vector<std::string> environment = {"LD_PRELOAD=" + box_.stage().interposer.string(),
                                            std::string(kIoBelow) + "=" + base::Join(below, ":"),
                                            std::string(kIoLog) + "=" + log_.string()};
    if (fault_ != nullptr) {
      environment.push_back(std::string(kIoFault) + "=" + fault_->kind + " " +
                            std::to_string(fault_->k) + " " + std::to_string(fault_->error));
    }
    return environment;
  }

  base::Status StartWith(std::vector<std::string> environment) {
    box_.SetEnvironment(std::move(environment));
    const auto started = box_.StartAgent("");
    box_.SetEnvironment({});
    return started;
  }

  // To the end that the controller wants. An agent that ended is started again, once.
  std::string Drive(Controller& controller, IoRun& run) {
    const bool listens = StartWith(UnderTheInterposer()).has_value();
    if (listens && scene_ != Scene::kInstall) {
      Count(run, &Range::after);
    }
    bool connected = false;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
      if (!box_.AgentRuns()) {
        if (std::exchange(ended_, true)) {
          return "the agent ended more than once";
        }
        if (box_.AgentLog().find("zoowarden-agent: ") == std::string::npos) {
          return "the agent ended without a word";
        }
        if (const auto started = StartWith({}); !started) {
          return "after the fault: " + started.error().message();
        }
        connected = false;
      }
      if (!connected) {
        const auto asked = controller.Connect();
        connected = asked.has_value();
        refused_ = refused_ || !connected;
      }
      const bool done = connected && controller.Turn();
      NoteState(controller, run);
      if (std::string wrong = judge_->AtAnyTime(); !wrong.empty()) {
        return wrong;
      }
      if (done) {
        return "";
      }
      std::this_thread::sleep_for(kTurn);
    }
    return "no end within " + std::to_string(kPatience.count()) + " s";
  }

  void NoteState(const Controller& controller, IoRun& run) {
    const OperationState state = controller.seen().operation.state;
    needed_person_ = needed_person_ || state == OperationState::kNeedsOperator;
    const OperationState last =
        scene_ == Scene::kInstall ? OperationState::kStaged : OperationState::kCommitted;
    const bool ends = state == last || (scene_ == Scene::kRollback && IsBack(state)) ||
                      (scene_ == Scene::kUpload && controller.uploaded());
    if (fault_ == nullptr && ends && !std::exchange(counted_, true)) {
      Count(run, &Range::last);
    }
  }
  static bool IsBack(OperationState state) { return state == OperationState::kRolledBack; }

  void Count(IoRun& run, int Range::*which) const {
    for (const auto& [kind, count] : CountByKind(ReadIoLog(log_))) {
      run.calls[kind].*which = count;
    }
  }

  std::string JudgeIt(const Controller& controller) {
    if (std::string wrong = judge_->ReadHistory(controller.operations()); !wrong.empty()) {
      return wrong;
    }
    const std::string wanted = scene_ == Scene::kRollback ? "rolled_back" : "committed";
    if (judge_->passed().back() != wanted) {
      return "it ended " + judge_->passed().back() + " instead of " + wanted;
    }
    return judge_->AtTheEnd();
  }

  [[nodiscard]] Ending EndingOf(const IoRun& run, const Controller& controller) const {
    if (!run.hit) {
      return Ending::kNotReached;
    }
    const auto& passed = judge_->passed();
    const bool began_again =
        scene_ != Scene::kRollback && std::count(passed.begin(), passed.end(), "staging") > 1;
    return ended_                                      ? Ending::kEnded
           : needed_person_                            ? Ending::kNeededPerson
           : began_again                               ? Ending::kBegunAgain
           : refused_ || !controller.refused().empty() ? Ending::kAnswered
                                                       : Ending::kAbsorbed;
  }

  // What did not reach the disk was not answered as if it had: somebody was told. What is
  // interrupted or short is repeated by those who write. Without a word may fail: the count beside
  // the journal, which may lag behind (commit_mark.h), and SQLite's sync of the directory in which
  // it has just made a write-ahead log that it syncs itself.
  [[nodiscard]] bool IsSilentLoss(const IoRun& run) const {
    const bool lost =
        run.hit->kind == "write" || run.hit->kind == "sync" || run.hit->kind == "rename";
    const bool said = box_.AgentLog().find(" warning ") != std::string::npos ||
                      box_.AgentLog().find(" error ") != std::string::npos;
    const std::string& path = run.hit->path;
    const bool may = path.ends_with("/state/journal.db.mark") ||
                     (path.ends_with("/state") && run.hit->name == "fdatasync");
    return lost && !may && (fault_->error == EIO || fault_->error == ENOSPC) &&
           run.ending == Ending::kAbsorbed && !said;
  }

  Scene scene_;
  const IoCase* fault_;
  fs::path log_;
  Box box_;
  std::optional<Judge> judge_;
  bool ended_ = false;
  bool refused_ = false;
  bool needed_person_ = false;
  bool counted_ = false;
};

}  // namespace

std::string NameOf(Ending ending) {
  constexpr std::array<const char*, kEndings> kNames = {"not reached",
                                                        "absorbed",
                                                        "refused and said again",
                                                        "gone back and begun again",
                                                        "ended by a person",
                                                        "started again"};
  return kNames.at(static_cast<std::size_t>(ending));
}

IoRun RunScene(
    Scene scene, const IoCase* fault, const Stage& stage, const fs::path& directory, int number) {
  return SceneRun(scene, fault, stage, directory, number).Run();
}

}  // namespace zoowarden::crash
