// Runs one program to its end, bounded in time and output, or starts one that outlives the caller.
// No shell, ever: the arguments are an array.
//
// The program gets a session and process group of its own, no descriptors but 0–2, default signal
// handling, and nothing of the caller's environment but what `environment` says. Blocks; any thread
// may call.
#pragma once

#include "base/error.h"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace zoowarden::sys {

// What becomes of processes that the program left behind when it exits by itself.
enum class Descendants {
  kKill,   // the whole group is killed
  kLeave,  // they live on: for launchers of daemons. A time-out still kills the group.
};

struct Program {
  std::filesystem::path executable;      // with at least one '/'; PATH is not searched
  std::vector<std::string> arguments;    // without the program's own name
  std::vector<std::string> environment;  // "NAME=value"
  std::filesystem::path directory;       // empty = the caller's
  std::string input;                     // what it reads on stdin, then end of file
  std::string user;                      // run as this user and its groups; empty = as the caller
  std::chrono::milliseconds timeout{0};  // must be positive
  std::size_t max_output = 1024 * 1024;  // bytes of stdout and of stderr, each
  Descendants descendants = Descendants::kKill;
  std::stop_token stop;  // asked to stop: looked at ten times a second
};

struct ProgramResult {
  int exit_code = 0;  // 128 + signal when a signal ended it, as shells say it
  int signal = 0;     // 0 when it exited by itself
  std::string output;
  std::string error_output;
  [[nodiscard]] bool succeeded() const { return exit_code == 0; }
};

// Any exit code is a result. Errors: it could not be started (the errno's code), kDeadlineExceeded
// `process.timed_out`, kResourceExhausted `process.too_much_output`, kCancelled `process.stopped`;
// after the last three the whole group has been killed and the program reaped.
[[nodiscard]] base::Result<ProgramResult> RunProgram(const Program& program);

struct DetachedProgram {
  std::filesystem::path executable;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value"
  std::filesystem::path log;             // made with mode 0600; what it prints is added to it
};

// In a session of its own, so that neither the end of the caller nor of its terminal reaches it,
// and without input. Not waited for: while the caller lives, it is the caller's child. Errors: the
// log cannot be opened, the program cannot be started.
[[nodiscard]] base::Result<pid_t> StartDetached(const DetachedProgram& program);

}  // namespace zoowarden::sys
