// Ctrl-C, SIGTERM and SIGHUP: the first asks the command to stop at its next safe point, the second
// ends the program at once.
#pragma once

namespace zoowarden::controller {

// What is written at the first signal and at the second; both live as long as the program.
struct InterruptWords {
  const char* asked = "";
  const char* left = "";
};
// Either way the run stays open.
inline constexpr InterruptWords kRunInterrupted{
    .asked = "\nstopping at the next safe point; once more to leave at once (the run stays open)\n",
    .left = "\nleft at once; `zoowarden resume` continues the run\n"};
inline constexpr InterruptWords kFleetInterrupted{
    .asked =
        "\nstopping at the next safe points; once more to leave at once (the rollout stays "
        "open)\n",
    .left = "\nleft at once; `zoowarden fleet resume` goes on with the rollout\n"};
// Of what only looks, or serves.
inline constexpr InterruptWords kOnlyEnded{.asked = "\nending; once more to leave at once\n",
                                           .left = "\nleft at once\n"};

// One at a time in a process; the handlers of before come back with its end.
class Interrupt {
 public:
  explicit Interrupt(const InterruptWords& words);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // A signal came since this object was made.
  [[nodiscard]] bool requested() const;
};

}  // namespace zoowarden::controller
