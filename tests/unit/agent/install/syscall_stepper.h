// Runs a function in a forked child, system call by system call: to kill it at any of them, and to
// see in which order it wrote, synced and renamed.
#pragma once

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::agent {

struct SystemCall {
  std::uint64_t number = 0;
  std::uint64_t arguments[6] = {};
  std::int64_t result = 0;
};

struct SteppedRun {
  bool finished = false;  // else it was killed at the stop asked for
  int stops = 0;
  std::vector<SystemCall> calls;
};

// `kill_at`: the stop (two a system call, before and after it) at which SIGKILL comes; 0 = never.
inline SteppedRun RunStepwise(const std::function<void()>& work, int kill_at) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    work();
    ::_exit(0);
  }
  SteppedRun run;
  int status = 0;
  ::waitpid(child, &status, 0);
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  SystemCall entered;
  // Signals reach the child: a fault that is kept from it would happen again for ever.
  int signal = 0;
  while (true) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, std::exchange(signal, 0));
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      run.finished = WIFEXITED(status);
      return run;
    }
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80)) {
      signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
      continue;
    }
    ++run.stops;
    struct __ptrace_syscall_info info {};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      entered.number = info.entry.nr;
      std::copy(std::begin(info.entry.args), std::end(info.entry.args), entered.arguments);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
      entered.result = info.exit.rval;
      run.calls.push_back(entered);
    }
    if (run.stops == kill_at) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return run;
    }
  }
}

}  // namespace zoowarden::agent
