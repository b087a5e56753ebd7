// The permit to stop a serving member: at most one, in memory only, short, and good for one signal.
//
// It is for the process that was there when it was issued: the rounds that come after judge that
// one, and one that takes its place has been judged by nobody. It dies with the agent's process on
// purpose: after a restart nobody can tell how old the gate was. Single-threaded; times are
// CLOCK_BOOTTIME.
#pragma once

#include "agent/operation/calls.h"
#include "agent/operation/process_identity.h"
#include "base/error.h"

#include <chrono>
#include <optional>
#include <string>

namespace zoowarden::agent {

class Permits {
 public:
  // Replaces an earlier permit. The same call repeated gets the same permit with the time it has
  // left, or kDeadlineExceeded `permit.expired` when it has none. `process` is the one to stop;
  // pid 0 = none is there.
  [[nodiscard]] base::Result<Permit> Issue(const CallIdentity& call,
                                           const ProcessIdentity& process,
                                           std::chrono::milliseconds now);

  // Binds the permit to the call that will use it. kFailedPrecondition `permit.unknown` when it is
  // not the one issued for this run, epoch and operation; `permit.expired` when its time is over;
  // `permit.other_process` when another process is there than at its issue. One that has ended
  // since needs no stop and is no obstacle.
  [[nodiscard]] base::Status Present(const CallIdentity& call,
                                     const std::string& permit_id,
                                     const ProcessIdentity& process,
                                     std::chrono::milliseconds now);

  // True while a presented permit may still be used for this operation, by its process.
  [[nodiscard]] bool Live(const std::string& operation_id, std::chrono::milliseconds now) const;
  // True when it may be used to stop this very process.
  [[nodiscard]] bool Valid(const std::string& operation_id,
                           const model::Process& process,
                           std::chrono::milliseconds now) const;
  // Used up, or no longer wanted.
  void Drop() { held_.reset(); }

 private:
  struct Held {
    std::string id;
    CallIdentity issued_to;
    ProcessIdentity process;
    std::chrono::milliseconds expires{0};
    bool presented = false;
  };
  std::optional<Held> held_;
  std::uint64_t counter_ = 0;
};

}  // namespace zoowarden::agent
