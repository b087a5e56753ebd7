// Ctrl-C, SIGTERM and SIGHUP: the first asks the run to stop at its next safe point, the second
// ends the program at once. Either way the run stays open and `zoowarden resume` goes on.
#pragma once

namespace zoowarden::controller {

// One at a time in a process; the handlers of before come back with its end.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // A signal came since this object was made.
  [[nodiscard]] bool requested() const;
};

}  // namespace zoowarden::controller
