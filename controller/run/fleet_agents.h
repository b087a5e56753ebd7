// The agents of many ensembles, asked together: as many answers as there are agents, in the time
// of the slowest one. Calls block until every agent answered or its deadline passed; one caller at
// a time.
#pragma once

#include "base/error.h"
#include "model/observation.h"

#include <chrono>
#include <vector>

namespace zoowarden::controller {

// One entry a server, in the order of ensemble.yaml; an unreachable agent gives answered = false.
// An error: there is no certificate to speak to this ensemble's agents with.
using EnsembleAnswer = base::Result<std::vector<model::MemberObservation>>;

class FleetAgents {
 public:
  virtual ~FleetAgents() = default;

  // One entry an ensemble, in the order in which they were connected.
  virtual std::vector<EnsembleAnswer> GetStatus(std::chrono::milliseconds deadline) = 0;
};

}  // namespace zoowarden::controller
