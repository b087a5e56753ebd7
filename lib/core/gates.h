// The two gates that stand between an operator and an outage: may this member be stopped, and is
// the one that was started good. Pure; the same gates serve going forward and going back.
#pragma once

#include "core/conclusions.h"
#include "core/quorum.h"
#include "model/ensemble.h"

#include <string>
#include <vector>

namespace zoowarden::core {

struct StopGate {
  bool open = false;
  bool down = false;  // the member is down: restarting it costs nothing and needs no permit
  std::string why;    // when closed: what it waits for
  QuorumArithmetic arithmetic;
};

struct StopQuestion {
  model::ServerId server;
  bool allow_outage = false;  // one or two voters: the operator accepted that the quorum goes
};

// May `server` be stopped in this round? Needs: it is proved itself (an unknown member is not
// touched), a leader is known, the other proved voters form a quorum, and every proved member
// agrees with the declared membership. A member that is down may always be restarted.
[[nodiscard]] StopGate MayStop(const std::vector<model::Member>& declared,
                               const model::Round& round,
                               const Conclusions& conclusions,
                               const StopQuestion& question);

// Whose fault it is that a gate after a start is not passed.
enum class Fault {
  kNone,    // passed
  kNotYet,  // still inside its deadline
  kServer,  // the changed server's own
  kOthers,  // another member, or nobody's that can be named: wait, then halt
};

struct StartGate {
  bool passed = false;
  Fault fault = Fault::kNotYet;
  bool serving = false;  // the changed server serves: going back needs a permit
  std::string why;       // when not passed: what it waits for
  std::string evidence;  // when passed
};

struct StartQuestion {
  model::ServerId server;
  std::string operation_id;    // the process must have been started by it
  model::Generation wanted;    // what must run now
  bool passed_before = false;  // this gate was open already: one unread answer is no fault
  bool alone = false;          // others may be missing as long as the proved voters form a quorum
};

// Is the server that was started the one we meant, and is it proved?
[[nodiscard]] StartGate GateAfterStart(const std::vector<model::Member>& declared,
                                       const model::Round& round,
                                       const Conclusions& conclusions,
                                       const StartQuestion& question);

// Every declared member is proved and agrees on the membership: the preflight and the final word.
// Empty when it holds, else what is missing.
[[nodiscard]] std::string MissingForHealthy(const std::vector<model::Member>& declared,
                                            const model::Round& round,
                                            const Conclusions& conclusions);

}  // namespace zoowarden::core
