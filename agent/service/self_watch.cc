#include "agent/service/self_watch.h"

namespace zoowarden::agent {
namespace {

// One may fail for want of a descriptor, while the listener lives on.
constexpr int kSilentProbes = 3;
// The longest a step may take: a supervisor that is waited for; unpacking on a slow disk.
constexpr std::chrono::minutes kLongestStep{2};
constexpr std::chrono::minutes kLongestStaging{30};

}  // namespace

Health SelfWatch::Note(bool listener_answered,
                       std::chrono::milliseconds step_runs,
                       model::OperationState state) {
  silent_ = listener_answered ? 0 : silent_ + 1;
  if (silent_ >= kSilentProbes) {
    return Health::kDead;
  }
  const auto longest = state == model::OperationState::kStaging ? kLongestStaging : kLongestStep;
  return silent_ == 0 && step_runs < longest ? Health::kGood : Health::kPoor;
}

}  // namespace zoowarden::agent
