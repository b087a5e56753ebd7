// How long writes waited, from the tries of one writer. Pure: the times are arguments.
//
// A write is tried until it is committed. What it waited is the sum of all tries and pauses that
// ended with an agent saying that its member committed or did not commit; a try that nobody could
// be asked for counts as not measured, and so does one in which this machine slept.
#pragma once

#include "core/run_impact.h"
#include "model/observation.h"

#include <optional>

namespace zoowarden::controller {

enum class WriteTry {
  kCommitted,
  kNotCommitted,  // the member, or the ensemble behind it, did not
  kUnasked,       // no agent could be asked, or it refused this controller
};

class WriteGaps {
 public:
  // Of one try and the pause before it, at most; whoever took longer has not been watching.
  static constexpr model::Instant kLongestTry{4'000};

  void Begin(model::Instant now);
  void End(model::Instant now, WriteTry how);
  // The writer rests: what it waited for is not known any more.
  void Rest();
  // What was seen since this was called before.
  [[nodiscard]] core::WritesSeen Take();
  // A write waits that was not committed yet.
  [[nodiscard]] bool Waits() const { return ended_.has_value(); }

 private:
  model::Instant began_{0};              // the try, or the pause before it when a write waits
  std::optional<model::Instant> ended_;  // the last try of a write that waits
  std::chrono::milliseconds waited_{0};
  core::WritesSeen seen_;
};

}  // namespace zoowarden::controller
