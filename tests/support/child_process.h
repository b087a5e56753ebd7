// A process that only waits, to be looked at and signalled.
#pragma once

#include "model/observation.h"
#include "sys/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace zoowarden::test {

class ChildProcess {
 public:
  ChildProcess() : pid_(fork()) {
    if (pid_ == 0) {
      while (true) {
        pause();
      }
    }
  }
  ~ChildProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] model::Process process() const {
    return {.pid = pid_, .start_time = sys::ReadProcess(pid_)->name.start_time};
  }
  // The signal that ended it; 0 while it lives.
  [[nodiscard]] int EndedBy(int options) {
    int status = 0;
    if (pid_ <= 0 || waitpid(pid_, &status, options) != pid_) {
      return 0;
    }
    pid_ = 0;
    return WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

}  // namespace zoowarden::test
