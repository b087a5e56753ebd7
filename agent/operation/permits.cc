#include "agent/operation/permits.h"

#include "model/operation.h"

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using base::Fail;

bool SameOwner(const CallIdentity& a, const CallIdentity& b) {
  return a.run == b.run && a.operation_id == b.operation_id;
}

}  // namespace

base::Result<Permit> Permits::Issue(const CallIdentity& call,
                                    const ProcessIdentity& process,
                                    std::chrono::milliseconds now) {
  const bool repeated =
      held_ && SameOwner(held_->issued_to, call) && held_->issued_to.sequence == call.sequence;
  if (repeated && held_->expires <= now) {
    return Fail(ErrorCode::kDeadlineExceeded,
                "permit.expired",
                "the permit of this call has expired; ask for a new one after a new round");
  }
  if (!repeated) {
    // The id names this agent's life, too: a permit of an earlier one can never match.
    held_ = Held{.id = std::to_string(now.count()) + "-" + std::to_string(++counter_),
                 .issued_to = call,
                 .process = process,
                 .expires = now + model::kPermitLife};
  }
  return Permit{.id = held_->id, .valid = held_->expires - now};
}

base::Status Permits::Present(const CallIdentity& call,
                              const std::string& permit_id,
                              const ProcessIdentity& process,
                              std::chrono::milliseconds now) {
  if (!held_ || held_->id != permit_id || held_->presented || !SameOwner(held_->issued_to, call)) {
    return Fail(ErrorCode::kFailedPrecondition,
                "permit.unknown",
                "permit '" + permit_id +
                    "' was not issued by this life of the agent for this "
                    "operation, or was used; ask for a new one");
  }
  if (held_->expires <= now) {
    return Fail(ErrorCode::kFailedPrecondition,
                "permit.expired",
                "permit '" + permit_id + "' expired before it was used; ask for a new one");
  }
  if (process.pid != 0 && process != held_->process) {
    return Fail(ErrorCode::kFailedPrecondition,
                "permit.other_process",
                "process " + std::to_string(process.pid) + " is not the one that permit '" +
                    permit_id + "' was issued for; ask for a new one after a new round");
  }
  held_->presented = true;
  return base::Ok();
}

bool Permits::Live(const std::string& operation_id, std::chrono::milliseconds now) const {
  return held_ && held_->presented && held_->issued_to.operation_id == operation_id &&
         now < held_->expires;
}

bool Permits::Valid(const std::string& operation_id,
                    const model::Process& process,
                    std::chrono::milliseconds now) const {
  return Live(operation_id, now) && held_->process.Names(process);
}

}  // namespace zoowarden::agent
