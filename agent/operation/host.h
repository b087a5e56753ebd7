// Everything that an operation reads from or does to its server. The real one is ZooKeeper on this
// machine (agent/service/instance_host.h), the simulation models one in memory.
//
// Called by the operation runner only, from one thread at a time. Every act is idempotent: after a
// crash it is simply asked for again.
#pragma once

#include "agent/operation/calls.h"
#include "base/error.h"
#include "core/operation_step.h"
#include "model/observation.h"

#include <functional>
#include <string>

namespace zoowarden::agent {

// How much of reality a decision needs: asking a member that is just stopping or starting would
// only cost its time-outs.
enum class LookAt {
  kProcess,  // process and `current`
  kMember,   // mode, broadcast and quorum connection as well
};

enum class StopSignal { kTerminate, kKill };

// Whether the signal may still be sent. Asked right before it leaves, because a supervisor may take
// long until then. Empty: it may.
using StopCheck = std::function<bool()>;

class ServerHost {
 public:
  ServerHost() = default;
  ServerHost(const ServerHost&) = delete;
  ServerHost& operator=(const ServerHost&) = delete;
  virtual ~ServerHost() = default;

  // Names this boot of the machine; instants of CLOCK_BOOTTIME of another boot mean nothing.
  [[nodiscard]] virtual std::string BootId() = 0;

  // member_looked says that the member was asked and seen, which kMember attempts when there is a
  // process; false where its configuration or its sockets cannot be read. permit_valid,
  // stop_signalled, launched, proved and process.started_by_operation are the runner's to fill in;
  // restart is the host's.
  [[nodiscard]] virtual core::Reality Look(const core::OperationRecord& record, LookAt what) = 0;

  // Why nothing new may begin on this machine; what is open goes on, and so does what leads to a
  // generation that is there already, or to none. Asked when it would begin.
  [[nodiscard]] virtual base::Status CheckMayBegin() = 0;

  // Makes the generation complete on disk, verified and durable; the server is not touched.
  [[nodiscard]] virtual base::Result<model::Generation> Stage(const StageRequest& request) = 0;

  // Data directories of a first installation. Check: kFailedPrecondition `install.not_first` unless
  // they are empty or not there. Prepare: makes them, version-2 and myid; what is there stays.
  [[nodiscard]] virtual base::Status CheckDataIsEmpty() = 0;
  [[nodiscard]] virtual base::Status PrepareData() = 0;

  // Points `current` to the generation in one durable step, with the newest dynamic configuration
  // carried over. Empty: nothing is current any more.
  [[nodiscard]] virtual base::Status SwitchTo(const std::string& generation) = 0;

  // Starts what `current` names and returns at once: a process appears, or does not, in Look.
  // kUnavailable: it may yet start, as where another launch is under way. Anything else: this
  // generation must not be started.
  [[nodiscard]] virtual base::Status Launch() = 0;

  // kNotFound when this very process (pid and start time) has exited; kCancelled when `still` said
  // no; kDeadlineExceeded when nobody knows whether it was sent.
  [[nodiscard]] virtual base::Status Signal(const model::Process& process,
                                            StopSignal signal,
                                            const StopCheck& still) = 0;
};

}  // namespace zoowarden::agent
