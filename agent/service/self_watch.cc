#include "agent/service/self_watch.h"

namespace zoowarden::agent {
namespace {

// One may find the machine busy, while the listener lives on.
constexpr int kSilentLooks = 3;
// What is busy gives some back sooner. A leak does not, and only a new process is rid of it.
constexpr std::chrono::seconds kLongestWithoutDescriptor{30};
// The longest a step may take: a supervisor that is waited for; unpacking on a slow disk.
constexpr std::chrono::minutes kLongestStep{2};
constexpr std::chrono::minutes kLongestStaging{30};

}  // namespace

Health SelfWatch::Note(const Signs& signs) {
  if (signs.listener != Listener::kNotLooked) {
    silent_ = signs.listener == Listener::kSilent ? silent_ + 1 : 0;
  }
  if (silent_ >= kSilentLooks || signs.without_descriptor > kLongestWithoutDescriptor) {
    return Health::kDead;
  }
  const auto longest =
      signs.state == model::OperationState::kStaging ? kLongestStaging : kLongestStep;
  return silent_ == 0 && signs.step_runs < longest ? Health::kGood : Health::kPoor;
}

}  // namespace zoowarden::agent
