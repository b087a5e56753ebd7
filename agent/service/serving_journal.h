// The journal of an agent that is about to serve, and whether it may.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"

#include <memory>

namespace zoowarden::journal {
class AgentJournal;
}  // namespace zoowarden::journal

namespace zoowarden::agent {

// OpenJournalOf, behind CheckOwnDirectories: where somebody else could exchange what the agent
// keeps, nothing is installed. But an agent that is down cannot bring its server back: where one is
// installed or an operation is open, it serves, says so, and begins nothing new
// (ServerHost::CheckMayBegin). A new installation is refused before anything is made.
[[nodiscard]] base::Result<std::unique_ptr<journal::AgentJournal>> OpenServingJournal(
    const config::AgentConfig& config, bool accept_lost);

}  // namespace zoowarden::agent
