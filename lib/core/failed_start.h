// The one rule by which a process that exists counts as down, for the agent and for the controller.
#pragma once

#include "model/observation.h"

namespace zoowarden::core {

struct Start {
  bool by_operation = false;       // the operation that is in flight started this process
  bool proved = false;             // and it was seen serving in the quorum since
  bool past_deadline = false;      // of that operation
  bool looked = false;             // false: the two below prove nothing
  bool quorum_connection = false;  // established now
  model::Mode mode = model::Mode::kUnknown;
};

// A member that could not be looked at has not failed.
[[nodiscard]] inline bool HasFailed(const Start& start) {
  return start.by_operation && !start.proved && start.past_deadline && start.looked &&
         !start.quorum_connection && !model::IsServing(start.mode);
}

}  // namespace zoowarden::core
