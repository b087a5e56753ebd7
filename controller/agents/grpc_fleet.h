// The real FleetAgents: one call to every agent of every ensemble, all at once. No thread, and no
// second connection, a server.
#pragma once

#include "controller/agents/grpc_agents.h"
#include "controller/run/fleet_agents.h"

#include <memory>
#include <vector>

namespace zoowarden::controller {

// One an ensemble: how to reach its agents, or why that is not possible.
[[nodiscard]] std::shared_ptr<FleetAgents> MakeGrpcFleet(
    std::vector<base::Result<GrpcAgentsOptions>> ensembles);

}  // namespace zoowarden::controller
