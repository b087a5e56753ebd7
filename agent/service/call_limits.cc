#include "agent/service/call_limits.h"

#include <string>

namespace zoowarden::agent {
namespace {

tl::unexpected<base::Error> Busy(const std::string& with) {
  return base::Fail(base::ErrorCode::kUnavailable,
                    "call.busy",
                    "this agent is busy with " + with + "; try again when they have ended");
}

}  // namespace

base::Result<CallLimits::Place> CallLimits::Enter(pki::Role role, CallKind kind) {
  const bool operators = role == pki::Role::kOperator;
  const std::lock_guard lock(mutex_);
  if (!operators && others_ >= kMostOfOthers) {
    return Busy(std::to_string(others_) + " calls of viewers, planners and approvers");
  }
  int& own = running_[{operators, kind}];
  const int all = own + running_[{!operators, kind}];
  if (kind != CallKind::kRead && (all >= kMostOfLong || (!operators && own > 0))) {
    return Busy(kind == CallKind::kUpload   ? "other uploads"
                : kind == CallKind::kVerify ? "other verifications"
                                            : "other walks of its tree");
  }
  ++own;
  others_ += operators ? 0 : 1;
  return Place(*this, operators, kind);
}

void CallLimits::Leave(bool operators, CallKind kind) {
  const std::lock_guard lock(mutex_);
  --running_[{operators, kind}];
  others_ -= operators ? 0 : 1;
}

CallLimits::Place::~Place() {
  if (limits_ != nullptr) {
    limits_->Leave(operators_, kind_);
  }
}

}  // namespace zoowarden::agent
