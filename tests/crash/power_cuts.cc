// Power cuts at each sync of an upgrade, a first installation and a removal, forward and back.
//
// Needs root; elsewhere it says so and exits with 77, which ctest calls skipped.
#include "sys/files.h"
#include "tests/crash/power_cut.h"
#include "tests/crash/tasks.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

constexpr int kSkipped = 77;
constexpr int kFirstNumber = 50'000;
constexpr int kFirstOfStages = 50'100;

struct Totals {
  int cuts = 0;
  int failures = 0;
};

Totals CutAll(const fs::path& directory, const Case& way, int index) {
  const auto stage = MakeStage(directory, kFirstOfStages + index);
  if (!stage) {
    std::cout << "FAILED " << way.Name() << ": " << stage.error().message() << std::endl;
    return {0, 1};
  }
  PowerCuts cuts(*stage, directory, way, kFirstNumber + index);
  const auto done = cuts.Run();
  if (!done) {
    std::cout << "FAILED " << way.Name() << ": " << done.error().message() << std::endl;
  }
  return {done.value_or(0), cuts.failures() + (done ? 0 : 1)};
}

// A process a way: each has mounts and a boot of its own, and leaves its totals in a file. Its
// stage is its own too: that is made with calls to an agent, and gRPC does not outlive a fork.
pid_t Spawn(const fs::path& directory, const Case& way, int index) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    PrepareProcess();
    if (const auto entered = EnterOwnMounts()) {
      const Totals totals = CutAll(directory, way, index);
      std::ofstream(directory / "totals") << totals.cuts << ' ' << totals.failures << '\n';
    } else {
      std::cout << "FAILED " << way.Name() << ": " << entered.error().message() << std::endl;
    }
    std::cout.flush();
    _exit(0);
  }
  return child;
}

Totals RunAll(const fs::path& scratch) {
  std::map<pid_t, fs::path> running;
  for (const Kind kind : {Kind::kUpgrade, Kind::kFirstInstallation, Kind::kRemoval}) {
    for (const Direction direction : {Direction::kForward, Direction::kRollback}) {
      const Case way{model::OperationState::kStaged, Fault::kKilledBefore, direction, kind};
      const int index = static_cast<int>(running.size());
      const fs::path directory = scratch / std::to_string(index);
      fs::create_directories(directory);
      running[Spawn(directory, way, index)] = directory;
    }
  }
  Totals totals;
  for (const auto& [child, directory] : running) {
    int status = 0;
    waitpid(child, &status, 0);
    Totals its{0, 1};
    std::ifstream(directory / "totals") >> its.cuts >> its.failures;
    if (status != 0) {
      std::cout << "FAILED: a way's process ended with wait status " << status << std::endl;
    }
    // Without a single cut nothing was tried.
    totals.failures += its.failures + (its.cuts > 0 ? 0 : 1);
    totals.cuts += its.cuts;
  }
  return totals;
}

int Main() {
  if (const auto may = MayMountImages(); !may) {
    std::cout << "SKIPPED [power cuts] " << may.error().message() << '\n';
    return kSkipped;
  }
  auto scratch = sys::TempDir::Create(ScratchParent(), "zw-power-");
  if (!scratch) {
    std::cout << scratch.error().message() << '\n';
    return 1;
  }
  const Totals totals = RunAll(scratch->path());
  std::cout << totals.cuts << " cases of a power cut, " << totals.failures << " failed\n";
  return totals.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace zoowarden::crash

int main() { return zoowarden::crash::Main(); }
