// The crash suite: real agents, killed and failed in every state.
//
//   zoowarden-crash-suite            all cases
//   zoowarden-crash-suite --core     the forty of ./x test
//   zoowarden-crash-suite --only T   those whose names contain T
//   zoowarden-crash-suite --list     names, and what cannot be with its reason
#include "base/log.h"
#include "rpc/tls.h"
#include "sys/files.h"
#include "tests/crash/run_case.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

// Most of a case is waiting for processes.
constexpr int kWorkers = 6;

int List() {
  for (const Case& c : AllCombinations()) {
    const auto why = Impossible(c);
    std::cout << c.Name() << (why ? ": impossible: " + std::string(*why) : "") << '\n';
  }
  std::cout << GenerateCases().size() << " cases\n";
  return 0;
}

// SIGKILL loses nothing that was written, so the disk may be memory.
fs::path ScratchParent() { return fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp"; }

int RunAll(const std::vector<Case>& cases) {
  auto scratch = sys::TempDir::Create(ScratchParent(), "zw-crash-");
  const auto stage = scratch ? MakeStage(scratch->path()) : tl::unexpected(scratch.error());
  if (!stage) {
    std::cerr << stage.error().message() << '\n';
    return 1;
  }
  std::atomic<std::size_t> next = 0;
  std::atomic<int> failures = 0;
  std::mutex output;
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size(); i = next++) {
      const fs::path directory = scratch->path() / std::to_string(i);
      fs::create_directory(directory);
      const std::string wrong = RunCase(cases[i], *stage, directory, static_cast<int>(i));
      if (!wrong.empty()) {
        ++failures;
        const std::lock_guard lock(output);
        std::cout << "FAILED " << cases[i].Name() << ": " << wrong << std::endl;
      }
      fs::remove_all(directory);
    }
  };
  std::vector<std::jthread> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back(work);
  }
  workers.clear();
  std::cout << cases.size() << " cases, " << failures << " failed\n";
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
  base::InitLog(base::LogLevel::kError);
  rpc::ForceTls13();
  std::signal(SIGPIPE, SIG_IGN);
  return RunAll(cases);
}

}  // namespace
}  // namespace zoowarden::crash

int main(int argc, char** argv) {
  return zoowarden::crash::Main(std::vector<std::string>(argv + 1, argv + argc));
}
