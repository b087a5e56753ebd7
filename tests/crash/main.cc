// The crash suite: real agents, killed and failed in every state.
//
//   zoowarden-crash-suite            all cases
//   zoowarden-crash-suite --core     the forty of ./x test
//   zoowarden-crash-suite --only T   those whose names contain T
//   zoowarden-crash-suite --list     names, and what cannot be with its reason
#include "tests/crash/run_case.h"
#include "tests/crash/tasks.h"

#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

int List() {
  for (const Case& c : AllCombinations()) {
    const auto why = Impossible(c);
    std::cout << c.Name() << (why ? ": impossible: " + std::string(*why) : "") << '\n';
  }
  std::cout << GenerateCases().size() << " cases\n";
  return 0;
}

int RunAll(const std::vector<Case>& cases) {
  std::vector<Task> tasks;
  for (const Case& c : cases) {
    tasks.push_back({c.Name(), [c](const Stage& stage, const fs::path& directory, int number) {
                       return RunCase(c, stage, directory, number);
                     }});
  }
  const int failures = RunTasks(tasks, /*first_number=*/0);
  std::cout << cases.size() << " cases of a process killed or an action failed, " << failures
            << " failed\n";
  return failures == 0 ? 0 : 1;
}

int Main(const std::vector<std::string>& words) {
  const std::string mode = words.empty() ? "" : words[0];
  if (mode == "--list") {
    return List();
  }
  std::vector<Case> cases = mode == "--core" ? CoreCases() : GenerateCases();
  if (mode == "--only" && words.size() == 2) {
    std::erase_if(cases,
                  [&](const Case& c) { return c.Name().find(words[1]) == std::string::npos; });
  } else if (!mode.empty() && mode != "--core") {
    std::cerr << "usage: zoowarden-crash-suite [--core | --only TEXT | --list]\n";
    return 2;
  }
  PrepareProcess();
  return RunAll(cases);
}

}  // namespace
}  // namespace zoowarden::crash

int main(int argc, char** argv) {
  return zoowarden::crash::Main(std::vector<std::string>(argv + 1, argv + argc));
}
