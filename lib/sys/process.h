// Processes of this machine, read from /proc, and pidfds to hold on to one of them.
//
// A pid alone proves nothing, because it is used again: a process is named by pid and start time.
// Any thread may call; nothing is cached.
#pragma once

#include "base/error.h"
#include "sys/fd.h"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace zoowarden::sys {

struct ProcessName {
  pid_t pid = 0;
  // Clock ticks after boot (field 22 of /proc/PID/stat).
  std::uint64_t start_time = 0;
  bool operator==(const ProcessName&) const = default;
};

struct ProcessInfo {
  ProcessName name;
  pid_t parent = 0;
  pid_t group = 0;
  char state = '?';                       // 'Z' is dead already, 'T' is stopped
  uid_t user = 0;                         // effective
  std::vector<std::string> command_line;  // empty for kernel threads and zombies
  // Whether it can still act: a zombie holds neither files nor ports.
  [[nodiscard]] bool alive() const { return state != 'Z' && state != 'X'; }
};

// kNotFound when there is no such process (any more).
[[nodiscard]] base::Result<ProcessInfo> ReadProcess(pid_t pid);

// Every process visible now, without threads, in ascending order.
[[nodiscard]] base::Result<std::vector<pid_t>> ListProcesses();

// A name that the kernel makes anew at each boot: start times and CLOCK_BOOTTIME readings that were
// stored under another one mean nothing any more.
[[nodiscard]] base::Result<std::string> BootId();

// Holds one process, so that a signal can never reach a later process with the same pid.
class PidFd {
 public:
  // kNotFound when the process is gone, or when the pid belongs to another process by now.
  [[nodiscard]] static base::Result<PidFd> Open(const ProcessName& name);

  // kNotFound when it has exited.
  [[nodiscard]] base::Status Signal(int signal) const;
  // True when it has exited (a zombie has), false when `timeout` passed first; zero only looks.
  [[nodiscard]] base::Result<bool> WaitForExit(std::chrono::milliseconds timeout) const;
  [[nodiscard]] const ProcessName& name() const { return name_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  PidFd(UniqueFd fd, ProcessName name) : fd_(std::move(fd)), name_(name) {}
  UniqueFd fd_;
  ProcessName name_;
};

}  // namespace zoowarden::sys
