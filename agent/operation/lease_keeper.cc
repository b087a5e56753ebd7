#include "agent/operation/lease_keeper.h"

#include <algorithm>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

base::Status CheckAcquire(const Fence& fence,
                          const RunIdentity& run,
                          std::chrono::milliseconds left,
                          bool take_over) {
  const RunIdentity& owner = fence.owner;
  if (run.epoch < owner.epoch || (run.epoch == owner.epoch && run != owner)) {
    return Fail(ErrorCode::kAborted,
                "fence.stale_epoch",
                "epoch " + std::to_string(run.epoch) + " is too low: run '" + owner.run_id +
                    "' of " + owner.holder + " holds " + std::to_string(owner.epoch) +
                    "; begin a run of your own, or take over with --take-over");
  }
  if (run.holder != owner.holder && left.count() > 0 && !take_over) {
    return Fail(ErrorCode::kAborted,
                "lease.held",
                "run '" + owner.run_id + "' of " + owner.holder +
                    " holds this server for another " + std::to_string(left.count()) +
                    " ms; wait for it, or take over with --take-over");
  }
  return base::Ok();
}

}  // namespace

base::Result<LeaseKeeper> LeaseKeeper::Open(OperationJournal& journal,
                                            sys::Clock& clock,
                                            std::chrono::milliseconds lapse) {
  ZW_ASSIGN(Fence fence, journal.LoadFence());
  return LeaseKeeper(journal, clock, lapse, std::move(fence));
}

LeaseKeeper::LeaseKeeper(OperationJournal& journal,
                         sys::Clock& clock,
                         std::chrono::milliseconds lapse,
                         Fence fence)
    : journal_(&journal),
      clock_(&clock),
      lapse_(lapse),
      fence_(std::move(fence)),
      renewed_(clock.BootTime()) {}

std::chrono::milliseconds LeaseKeeper::Left() const {
  if (fence_.released || fence_.owner.epoch == 0) {
    return std::chrono::milliseconds(0);
  }
  return std::max(std::chrono::milliseconds(0), renewed_ + lapse_ - clock_->BootTime());
}

LeaseView LeaseKeeper::Get() const {
  return {.owner = fence_.owner, .left = Left(), .lapse = lapse_};
}

base::Result<LeaseView> LeaseKeeper::Acquire(const RunIdentity& run, bool take_over) {
  if (run.epoch == 0 || run.run_id.empty() || run.holder.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "lease.incomplete",
                "an acquisition needs a run, a holder and an epoch above 0; call with all three");
  }
  ZW_TRY(CheckAcquire(fence_, run, Left(), take_over));
  const Fence next{.owner = run, .released = false};
  if (next.owner != fence_.owner || fence_.released) {
    ZW_TRY(journal_->SaveFence(next));
    fence_ = next;
  }
  renewed_ = clock_->BootTime();
  return Get();
}

base::Status LeaseKeeper::Renew(const RunIdentity& run) {
  ZW_TRY(CheckFence(fence_, run));
  renewed_ = clock_->BootTime();
  return base::Ok();
}

base::Result<LeaseView> LeaseKeeper::Release(const RunIdentity& run) {
  ZW_TRY(CheckFence(fence_, run));
  if (!fence_.released) {
    const Fence next{.owner = fence_.owner, .released = true};
    ZW_TRY(journal_->SaveFence(next));
    fence_ = next;
  }
  return Get();
}

}  // namespace zoowarden::agent
