#include "controller/run/write_gaps.h"

#include <algorithm>
#include <utility>

namespace zoowarden::controller {

void WriteGaps::Begin(model::Instant now) { began_ = ended_.value_or(now); }

void WriteGaps::End(model::Instant now, WriteTry how) {
  const auto took = now - began_;
  const bool known = how != WriteTry::kUnasked && took <= kLongestTry;
  if (known) {
    waited_ += took;
    seen_.longest = std::max(seen_.longest, waited_);
  } else {
    seen_.unmeasured += took;
  }
  if (how == WriteTry::kCommitted) {
    ++seen_.committed;
    Rest();
  } else {
    ended_ = now;
  }
}

void WriteGaps::Rest() {
  ended_.reset();
  waited_ = std::chrono::milliseconds(0);
}

core::WritesSeen WriteGaps::Take() { return std::exchange(seen_, {}); }

}  // namespace zoowarden::controller
