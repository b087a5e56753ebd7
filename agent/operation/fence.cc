#include "agent/operation/fence.h"

namespace zoowarden::agent {

base::Status CheckFence(const Fence& fence, const RunIdentity& run) {
  if (run.epoch > fence.owner.epoch || fence.owner.epoch == 0) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "fence.not_acquired",
                      "epoch " + std::to_string(run.epoch) +
                          " was not acquired from this agent; acquire it first");
  }
  if (run != fence.owner) {
    return base::Fail(base::ErrorCode::kAborted,
                      "fence.stale_epoch",
                      "run '" + fence.owner.run_id + "' of " + fence.owner.holder +
                          " holds epoch " + std::to_string(fence.owner.epoch) +
                          ", this call came with epoch " + std::to_string(run.epoch) + " of " +
                          run.holder + "; end this run, or take the server back with --take-over");
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
