// The journal of an agent that is about to serve, and whether it may.
#pragma once

#include "agent/operation/operation_journal.h"
#include "base/error.h"
#include "config/agent_file.h"

#include <memory>
#include <optional>

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

// What an agent that is stopped would go on with; none on a server that never had one. Errors are
// those of OpenJournalOf, `journal.in_use` while the agent runs, and `agent.other_user` where root
// cannot become the user that the agent serves as. For a program that does nothing else: root
// becomes that user, whose the journal stays, and remains it.
[[nodiscard]] base::Result<std::optional<StoredOperation>> LookForOpenOperation(
    const config::AgentConfig& config);

}  // namespace zoowarden::agent
