#include "tests/crash/power_cut.h"

#include "tests/crash/controller.h"
#include "tests/crash/interposer/interposer.h"
#include "tests/crash/what_runs.h"

#include <iostream>
#include <set>
#include <vector>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;
using model::OperationState;

}  // namespace

PowerCuts::PowerCuts(const Stage& stage, fs::path scratch, const Case& way, int number)
    : stage_(stage),
      scratch_(std::move(scratch)),
      disk_(scratch_ / "disk"),
      way_(way),
      number_(number) {}

base::Result<int> PowerCuts::Run() {
  fs::create_directories(disk_);
  fs::create_directories(scratch_ / "cuts");
  ZW_TRY(MakeImage(scratch_ / "disk.img"));
  ZW_TRY(RunUndisturbed());
  std::set<fs::path> images;
  for (const auto& entry : fs::directory_iterator(scratch_ / "cuts")) {
    images.insert(entry.path());
  }
  for (const fs::path& image : images) {
    if (const std::string wrong = Resume(image); !wrong.empty()) {
      ++failures_;
      std::cout << "FAILED power cut " << way_.Name() << " at " << image.filename() << ": " << wrong
                << std::endl;
    }
    fs::remove(image);
  }
  return static_cast<int>(images.size());
}

base::Status PowerCuts::RunUndisturbed() {
  ZW_TRY(PretendAnotherBoot(scratch_, ++boots_));
  ZW_ASSIGN(const Mounted mounted, Mounted::Mount(scratch_ / "disk.img", disk_));
  Box box(stage_, disk_ / "server", number_);
  fs::create_directories(box.directory());
  ZW_TRY(box.WriteFiles());
  if (way_.kind != Kind::kFirstInstallation) {
    ZW_TRY(box.InstallOld());
    from_ = box.Current();
  }
  data_.emplace(box.directory() / "data", way_.kind);
  mounted.Sync();
  box.SetEnvironment({"LD_PRELOAD=" + stage_.interposer.string(),
                      std::string(kIoBelow) + "=" + disk_.string(),
                      std::string(kIoImage) + "=" + (scratch_ / "disk.img").string(),
                      std::string(kIoNextCut) + "=" + (scratch_ / "cuts/0000.img").string()});
  ZW_TRY(box.StartAgent(""));
  Controller controller(box, way_, from_);
  ZW_TRY(controller.Connect());
  if (!controller.TurnToTheEnd()) {
    return base::Fail(base::ErrorCode::kInternal, "no end without a power cut: " + box.AgentLog());
  }
  to_ = controller.seen().operation.to_generation;
  return base::Ok();
}

std::string PowerCuts::Resume(const fs::path& image) {
  if (const auto booted = PretendAnotherBoot(scratch_, ++boots_); !booted) {
    return booted.error().message();
  }
  const auto mounted = Mounted::Mount(image, disk_);
  if (!mounted) {
    return mounted.error().message();
  }
  // Its own processes are gone; the list of them was for the test.
  fs::remove(disk_ / "server/starts");
  Box box(stage_, disk_ / "server", number_);
  if (std::string wrong = JudgeCurrent(box); !wrong.empty()) {
    return "before the agent: " + wrong;
  }
  std::string wrong = GoOn(box);
  return wrong.empty() ? "" : wrong + "\n" + box.AgentLog();
}

// As a person would: take the run up; where it has gone back, upgrade again.
std::string PowerCuts::GoOn(Box& box) {
  if (const auto started = box.StartAgent(""); !started) {
    return started.error().message();
  }
  for (const bool again : {false, true}) {
    Controller controller(box, way_, from_, /*epoch=*/again ? 3 : 2);
    if (again) {
      controller.Insist();
    }
    const auto connected = controller.Connect();
    if (!connected || !controller.TurnToTheEnd()) {
      return "no end" + (connected ? "" : ": " + connected.error().message()) +
             "\n last refusal: " + controller.refused();
    }
    const model::OperationStatus& operation = controller.seen().operation;
    if (std::string wrong = JudgeEnd(box, operation); !wrong.empty()) {
      return wrong;
    }
    if (operation.state == OperationState::kCommitted || way_.direction == Direction::kRollback) {
      return "";
    }
  }
  return "the upgrade did not succeed the second time";
}

// All-new or all-old: never another generation, nor one with other bytes.
std::string PowerCuts::JudgeCurrent(const Box& box) const {
  if (std::string touched = data_->Judge(); !touched.empty()) {
    return touched;
  }
  const std::string current = box.Current();
  if (current.empty()) {
    return way_.kind == Kind::kUpgrade ? "nothing is current" : "";
  }
  if (current != from_ && current != to_) {
    return "current is the unknown " + current;
  }
  const auto& release = current == from_ ? stage_.old_release : stage_.new_release;
  return DifferenceFromWhole(box, current, release.version);
}

std::string PowerCuts::JudgeEnd(Box& box, const model::OperationStatus& operation) const {
  const std::string end = operation.state == OperationState::kCommitted ? operation.to_generation
                                                                        : operation.from_generation;
  if (box.Current() != end) {
    return "current is '" + box.Current() + "', wanted '" + end + "'";
  }
  if (const std::string wrong = JudgeCurrent(box); !wrong.empty()) {
    return wrong;
  }
  if (const std::string violation = box.FirstViolation(); !violation.empty()) {
    return violation;
  }
  if (!end.empty() && box.Running().empty()) {
    if (const auto launched = box.LaunchServer(); !launched) {
      return launched.error().message();
    }
  }
  if (box.Running() != end) {
    return "'" + box.Running() + "' is served, wanted '" + end + "'";
  }
  if (std::string wrong = data_->JudgeEnd(/*begun=*/!end.empty()); !wrong.empty()) {
    return wrong;
  }
  const std::string leftover = box.Leftover();
  return leftover.empty() ? "" : "left behind: " + leftover;
}

}  // namespace zoowarden::crash
