// Whose hand is on the wheel: the durable fencing epoch, and a lease on top of it that lapses.
//
// The epoch is durable and final; the lease only says whether a second controller must wait. It
// lapses on CLOCK_BOOTTIME and lives in memory: after a restart of the agent the last holder's
// lease runs for one lapse again, because nothing tells how old it was. Single-threaded.
#pragma once

#include "agent/operation/calls.h"
#include "agent/operation/fence.h"
#include "agent/operation/operation_journal.h"
#include "base/error.h"
#include "sys/clock.h"

#include <chrono>

namespace zoowarden::agent {

struct LeaseView {
  RunIdentity owner;  // epoch = highest ever stored
  std::chrono::milliseconds left{0};
  std::chrono::milliseconds lapse{0};
};

class LeaseKeeper {
 public:
  // Journal and clock must outlive it.
  [[nodiscard]] static base::Result<LeaseKeeper> Open(OperationJournal& journal,
                                                      sys::Clock& clock,
                                                      std::chrono::milliseconds lapse);

  [[nodiscard]] LeaseView Get() const;
  // The epoch is stored before this returns. Idempotent for the same owner. Refusals:
  // `fence.stale_epoch` (lower, or equal of another holder), `lease.held` (kAborted: somebody
  // else's lease is live and `take_over` is false).
  [[nodiscard]] base::Result<LeaseView> Acquire(const RunIdentity& run, bool take_over);
  // Fence check of a call, and renewal of the lease.
  [[nodiscard]] base::Status Renew(const RunIdentity& run);
  // The run is over. The epoch stays stored.
  [[nodiscard]] base::Result<LeaseView> Release(const RunIdentity& run);

 private:
  LeaseKeeper(OperationJournal& journal,
              sys::Clock& clock,
              std::chrono::milliseconds lapse,
              Fence fence);
  [[nodiscard]] std::chrono::milliseconds Left() const;

  OperationJournal* journal_;
  sys::Clock* clock_;
  std::chrono::milliseconds lapse_;
  Fence fence_;
  std::chrono::milliseconds renewed_;
};

}  // namespace zoowarden::agent
