#include "tests/crash/tasks.h"

#include "base/log.h"
#include "rpc/tls.h"
#include "sys/files.h"

#include <atomic>
#include <csignal>
#include <iostream>
#include <mutex>
#include <thread>

namespace zoowarden::crash {
namespace {

namespace fs = std::filesystem;

// Most of a case is waiting for processes.
constexpr int kWorkers = 6;

}  // namespace

void PrepareProcess() {
  base::InitLog(base::LogLevel::kError);
  rpc::ForceTls13();
  std::signal(SIGPIPE, SIG_IGN);
}

fs::path ScratchParent() { return fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp"; }

int RunTasks(const std::vector<Task>& tasks, int first_number) {
  auto scratch = sys::TempDir::Create(ScratchParent(), "zw-crash-");
  const auto stage =
      scratch ? MakeStage(scratch->path(), first_number) : tl::unexpected(scratch.error());
  if (!stage) {
    std::cout << stage.error().message() << '\n';
    return static_cast<int>(tasks.size());
  }
  std::atomic<std::size_t> next = 0;
  std::atomic<int> failures = 0;
  std::mutex output;
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      const fs::path directory = scratch->path() / std::to_string(i);
      fs::create_directory(directory);
      const std::string wrong =
          tasks[i].run(*stage, directory, first_number + 1 + static_cast<int>(i));
      if (!wrong.empty()) {
        ++failures;
        const std::lock_guard lock(output);
        std::cout << "FAILED " << tasks[i].name << ": " << wrong << std::endl;
      }
      fs::remove_all(directory);
    }
  };
  std::vector<std::jthread> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.emplace_back(work);
  }
  workers.clear();
  return failures;
}

}  // namespace zoowarden::crash
