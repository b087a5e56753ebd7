// What agent.yaml names and this machine must have: looked at by --check, where the first use would
// show it too late. Changes nothing.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"

namespace zoowarden::agent {

// kFailedPrecondition: `agent.no_user`, `agent.no_java`, `agent.not_writable`; the first one found.
[[nodiscard]] base::Status CheckSurroundings(const config::AgentConfig& config);

}  // namespace zoowarden::agent
