// Whether nobody but root and the agent's own user can exchange what lies in the agent's
// directories: the names below them are resolved safely (sys/beneath.h), and that is worth what the
// way to them is worth.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"

namespace zoowarden::agent {

// Looks at the state directory, uploads, releases, generations and where certificate and key lie,
// and at every directory on the way to them, that of a link included, as far as they are there;
// changes nothing.
//
// The agent's own: root's or its user's, and nobody else may write there. Above them nobody may
// write but owner and group, except where the sticky bit keeps users from what is not theirs, as in
// /tmp; another owner or a group that may write there is a warning in the log. Data and log
// directories are ZooKeeper's and not looked at. Errors: kFailedPrecondition `directory.writable`
// and `directory.owner`, with what to type.
[[nodiscard]] base::Status CheckOwnDirectories(const config::AgentConfig& config);

}  // namespace zoowarden::agent
