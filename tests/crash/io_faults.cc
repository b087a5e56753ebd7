// Failing I/O: real agents, whose k-th open, write, sync, rename or other change of files fails.
//
//   zoowarden-io-faults            every k of every scene; each error of what makes things durable
//   zoowarden-io-faults --all      every k with each error
//   zoowarden-io-faults --part 1/2 one of two halves of these: every second case
//   zoowarden-io-faults --only T   those of --all whose names contain T
#include "base/text.h"
#include "tests/crash/run_io_case.h"
#include "tests/crash/tasks.h"

#include <array>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

// Of the addresses: other suites run beside this one.
constexpr int kFirstNumber = 10'000;
constexpr int kToCount = 9'990;

// Of all scenes, by running each once. Counts are printed; a kind without a call fails (an upload
// only writes, syncs and renames).
int Count(bool all, std::vector<IoCase>& cases) {
  std::vector<IoRun> runs(kScenes.size());
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < kScenes.size(); ++i) {
    tasks.push_back({"counting " + NameOf(kScenes.at(i)),
                     [i, &runs](const Stage& stage, const fs::path& directory, int number) {
                       runs[i] = RunScene(kScenes.at(i), nullptr, stage, directory, number);
                       return runs[i].wrong;
                     }});
  }
  int failures = RunTasks(tasks, kToCount);
  for (std::size_t i = 0; i < kScenes.size(); ++i) {
    std::cout << NameOf(kScenes.at(i)) << ":";
    for (const char* kind : {"open", "write", "sync", "rename", "other"}) {
      const Range range = runs[i].calls[kind];
      const bool may_be_none = kScenes.at(i) == Scene::kUpload && std::string(kind) == "other";
      failures += range.last > range.after || may_be_none ? 0 : 1;
      std::cout << " " << range.last - range.after << " x " << kind << ",";
    }
    const auto more = CasesOf(kScenes.at(i), runs[i].calls, all);
    std::cout << " " << more.size() << " cases\n";
    cases.insert(cases.end(), more.begin(), more.end());
  }
  return failures;
}

int RunAll(const std::vector<IoCase>& cases) {
  std::array<int, kEndings> endings{};
  std::mutex mutex;
  std::vector<Task> tasks;
  for (const IoCase& c : cases) {
    tasks.push_back({c.Name(), [&](const Stage& stage, const fs::path& directory, int number) {
                       IoRun run = RunScene(c.scene, &c, stage, directory, number);
                       const std::lock_guard lock(mutex);
                       ++endings.at(static_cast<std::size_t>(run.ending));
                       return run.wrong;
                     }});
  }
  const int failures = RunTasks(tasks, kFirstNumber);
  for (std::size_t i = 0; i < endings.size(); ++i) {
    std::cout << endings.at(i) << " " << NameOf(static_cast<Ending>(i)) << "\n";
  }
  // The server is looked at as often as time allows: openings come in other numbers each time.
  constexpr int kOneIn = 10;
  const int reached = static_cast<int>(cases.size()) - endings.front();
  const bool enough = endings.front() * kOneIn <= static_cast<int>(cases.size());
  std::cout << reached << " cases of failing I/O, " << failures << " failed\n";
  return failures == 0 && enough ? 0 : 1;
}

struct Choice {
  bool all = false;
  std::string only;
  std::size_t part = 0;  // from 0
  std::size_t parts = 1;
};

std::optional<Choice> Choose(const std::vector<std::string>& words) {
  if (words.empty()) {
    return Choice{};
  }
  if (words.size() == 1 && words[0] == "--all") {
    return Choice{.all = true};
  }
  if (words.size() != 2) {
    return std::nullopt;
  }
  if (words[0] == "--only") {
    return Choice{.all = true, .only = words[1]};
  }
  const auto slash = words[1].find('/');
  const auto part = base::ParseUnsigned(words[1].substr(0, slash));
  const auto parts =
      slash == std::string::npos ? std::nullopt : base::ParseUnsigned(words[1].substr(slash + 1));
  if (words[0] != "--part" || !part || !parts || *part < 1 || *part > *parts) {
    return std::nullopt;
  }
  return Choice{.part = *part - 1, .parts = *parts};
}

int Main(const std::vector<std::string>& words) {
  const auto choice = Choose(words);
  if (!choice) {
    std::cerr << "usage: zoowarden-io-faults [--all | --part N/M | --only TEXT]\n";
    return 2;
  }
  PrepareProcess();
  std::vector<IoCase> counted;
  if (Count(choice->all, counted) != 0) {
    std::cout << "FAILED: calls of some kind were not seen\n";
    return 1;
  }
  std::vector<IoCase> cases;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    if (i % choice->parts == choice->part &&
        counted[i].Name().find(choice->only) != std::string::npos) {
      cases.push_back(counted[i]);
    }
  }
  return RunAll(cases);
}

}  // namespace
}  // namespace zoowarden::crash

int main(int argc, char** argv) {
  return zoowarden::crash::Main(std::vector<std::string>(argv + 1, argv + argc));
}
