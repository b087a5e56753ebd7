// Agents that are named on the command line, for machines that have no ensemble.yaml.
#pragma once

#include "base/error.h"
#include "controller/cli/command.h"
#include "controller/cli/connection.h"
#include "controller/run/foreign_servers.h"

#include <optional>
#include <string>
#include <vector>

namespace zoowarden::controller {

// "HOST:PORT,HOST:PORT,…"; kInvalidArgument `usage.bad_value` for anything else, and for an address
// that stands there twice.
[[nodiscard]] base::Result<std::vector<AgentAt>> ParseAgents(const std::string& list);

[[nodiscard]] Option AgentsOption(std::optional<std::string>& target);

// OpenRecords of the agents in `list`, or without one of those in ensemble.yaml. The ensemble is
// the certificate's. Which server an agent is of is said by its own certificate, or, while it does
// not answer, by the records that the others have; one that nobody knows is left out, with a
// warning. kUnavailable when none of them answers.
[[nodiscard]] base::Result<Records> OpenRecordsOf(Context& context,
                                                  const std::optional<std::string>& list);

}  // namespace zoowarden::controller
