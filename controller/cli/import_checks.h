// Whether what several agents discovered is one ensemble that can be taken over as it is. Pure.
#pragma once

#include "base/error.h"
#include "model/discovery.h"

#include <string>
#include <vector>

namespace zoowarden::controller {

struct FoundServer {
  std::string agent;  // HOST:PORT
  model::Discovery found;
};

// What stands in the way of one server, each with the server's name in front. Empty = nothing.
[[nodiscard]] std::vector<std::string> ObstaclesOf(const FoundServer& server);

// kFailedPrecondition: the first obstacle's reason; `import.two_agents`,
// `import.memberships_differ`, `import.member_without_agent`, `import.leaders`,
// `import.versions_differ`, `import.java_differs`. Each says all that was found of its kind.
[[nodiscard]] base::Status CheckOneEnsemble(const std::vector<FoundServer>& servers);

// The host of a member as the others reach it: what it says of itself may be 0.0.0.0.
[[nodiscard]] std::string HostOf(const std::vector<FoundServer>& servers, model::ServerId id);

}  // namespace zoowarden::controller
