#include "core/reality.h"

#include "core/failed_start.h"

#include <algorithm>

namespace zoowarden::core {

using model::Broadcast;
using model::Instant;
using model::IsServing;

std::string Hidden(const Reality& reality) {
  return "nothing proves that no ZooKeeper serves the data directory: " +
         (reality.processes_problem.empty()
              ? "this agent may not see other users' processes; give it that right (hidepid)"
              : reality.processes_problem);
}

std::chrono::milliseconds SignalDoubt(const OperationRecord& record) {
  return std::clamp(record.stop_timeout, kShortestSignalDoubt, kLongestSignalDoubt);
}

bool ServesInQuorum(const Reality& reality) {
  return reality.process.has_value() && !reality.several && IsServing(reality.mode) &&
         reality.broadcast != Broadcast::kNo;
}

bool IsRemoved(const Reality& reality) { return !reality.process && reality.processes_visible; }

bool IsDown(const OperationRecord& record, const Reality& reality, Instant now) {
  if (!reality.process) {
    return reality.processes_visible;
  }
  return !reality.several &&
         HasFailed({.by_operation = reality.restart == Restart::kBySupervisor ||
                                    reality.process->started_by_operation == record.operation_id,
                    .proved = reality.proved,
                    .past_deadline = now >= record.deadline,
                    .looked = reality.member_looked,
                    .quorum_connection = reality.quorum_connection,
                    .mode = reality.mode});
}

}  // namespace zoowarden::core
