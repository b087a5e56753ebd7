// The membership that a running member works with: the ensemble's committed configuration where it
// can be read (3.5 on), else AdminServer's voting_view, else the files its process was started
// with. Reading the committed one takes a session, so it is kept until the process or its files
// change. One owner thread.
#pragma once

#include "agent/observe/member_probe.h"
#include "agent/observe/running_config.h"
#include "model/ids.h"
#include "model/observation.h"
#include "sys/clock.h"

#include <chrono>
#include <optional>

namespace zoowarden::agent {

class MembershipReader {
 public:
  explicit MembershipReader(sys::Clock& clock) : clock_(&clock) {}

  // `view` must serve; `again` reads even where the answer would still hold.
  [[nodiscard]] model::Membership Read(const model::Process& process,
                                       MemberProbe& probe,
                                       const MemberView& view,
                                       bool again);

 private:
  struct Kept {
    model::Process process;
    model::Membership files;
    model::Membership answer;
    std::chrono::milliseconds read_at{0};
    bool committed = false;
  };

  sys::Clock* clock_;
  std::optional<Kept> kept_;
};

}  // namespace zoowarden::agent
