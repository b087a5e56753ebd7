// The fence: only the holder of the highest epoch that this agent has durably stored is obeyed.
// Pure functions; LeaseKeeper and OperationRunner share them, so the rule exists once.
#pragma once

#include "agent/operation/calls.h"
#include "base/error.h"

namespace zoowarden::agent {

// What is stored of the last epoch accepted.
struct Fence {
  RunIdentity owner;      // epoch 0 = never held
  bool released = false;  // the owner has ended its run
};

// Ok for the owner itself. Lower or other: kAborted `fence.stale_epoch`, naming the owner. Higher:
// kFailedPrecondition `fence.not_acquired`, because an epoch binds only once it is stored here.
[[nodiscard]] base::Status CheckFence(const Fence& fence, const RunIdentity& run);

}  // namespace zoowarden::agent
