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

struct Totals {
  int cuts = 0;
  int failures = 0;
};

Totals CutAll(const Stage& stage, const fs::path& directory, const Case& way, int number) {
  PowerCuts cuts(stage, directory, way, number);
  const auto done = cuts.Run();
  if (!done) {
    std::cout << "FAILED " << way.Name() << ": " << done.error().message() << std::endl;
  }
  return {done.value_or(0), cuts.failures() + (done ? 0 : 1)};
}

// A process a way: each has mounts and a boot of its own, and leaves its totals in a file.
pid_t Spawn(const Stage& stage, const fs::path& directory, const Case& way, int number) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    PrepareProcess();
    if (EnterOwnMounts()) {
      const Totals totals = CutAll(stage, directory, way, number);
      std::ofstream(directory / "totals") << totals.cuts << ' ' << totals.failures << '\n';
    }
    std::cout.flush();
    _exit(0);
  }
  return child;
}

Totals RunAll(const Stage& stage, const fs::path& scratch) {
  std::map<pid_t, fs::path> running;
  for (const Kind kind : {Kind::kUpgrade, Kind::kFirstInstallation, Kind::kRemoval}) {
    for (const Direction direction : {Direction::kForward, Direction::kRollback}) {
      const Case way{model::OperationState::kStaged, Fault::kKilledBefore, direction, kind};
      const int number = kFirstNumber + static_cast<int>(running.size());
      const fs::path directory = scratch / std::to_string(number);
      fs::create_directories(directory);
      running[Spawn(stage, directory, way, number)] = directory;
    }
  }
  Totals totals;
  for (const auto& [child, directory] : running) {
    int status = 0;
    waitpid(child, &status, 0);
    Totals its{0, 1};
    std::ifstream(directory / "totals") >> its.cuts >> its.failures;
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
  const auto stage =
      scratch ? MakeStage(scratch->path(), kFirstNumber - 1) : tl::unexpected(scratch.error());
  if (!stage) {
    std::cout << stage.error().message() << '\n';
    return 1;
  }
  const Totals totals = RunAll(*stage, scratch->path());
  std::cout << totals.cuts << " cases of a power cut, " << totals.failures << " failed\n";
  return totals.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace zoowarden::crash

int main() { return zoowarden::crash::Main(); }
