// As whom the agent serves: what root does in its place must be readable by that user.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"

#include <sys/types.h>

#include <string>

namespace zoowarden::agent {

// As whom the agent serves, as far as root can tell: the owner of its state directory. Where there
// is none yet, and for everybody else, who runs this.
[[nodiscard]] uid_t ServingUser(const config::AgentConfig& config);
[[nodiscard]] std::string NameOfUser(uid_t user);

// For what leaves files that the agent must be able to read: kFailedPrecondition `agent.other_user`
// for root where the agent serves as another user.
[[nodiscard]] base::Status CheckServingUser(const config::AgentConfig& config);

}  // namespace zoowarden::agent
