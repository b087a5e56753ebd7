// Whether nobody but root and the agent's own user can exchange what lies in the agent's
// directories: the names below them are resolved safely (sys/beneath.h), and that is worth what the
// way to them is worth.
#pragma once

#include "base/error.h"
#include "config/agent_file.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace zoowarden::agent {

struct OwnDirectories {
  // kFailedPrecondition `directory.writable`, `directory.owner` or `directory.unseen` (it cannot be
  // looked at), as the first problem: one error that names all and the commands to type.
  base::Status sound;
  std::vector<std::string> warnings;
};

// Archive directories may be a share of the network that hangs: only who has asked waits for them.
enum class LookAlso {
  kNothing,
  kAtTrustedFiles /* CA, revocation list, keyring */,
  kAtAllThatIsTrusted
};

// Looks at the state directory, uploads, releases, generations and where certificate and key lie,
// and at every directory on the way to them, that of a link included, as far as they are there;
// in releases and generations at what the agent has made, too. Changes nothing.
//
// The agent's own: root's or its user's, and nobody else may write there. Above them nobody may
// write but owner and group, except where the sticky bit keeps users from what is not theirs, as in
// /tmp; another owner or a group that may write there is a warning. The group 0 is root's. What the
// agent trusts and does not own (CA, revocation list, keyring, archive directories) is looked at in
// the same way, for warnings only. Data, log and conf directories are ZooKeeper's and not looked
// at.
//
// `user`: whose own they are to be. Any thread may call.
[[nodiscard]] OwnDirectories LookAtOwnDirectories(const config::AgentConfig& config,
                                                  uid_t user,
                                                  LookAlso also = LookAlso::kNothing);

// `sound` for whoever runs this; warnings, those of trusted files too, are logged.
[[nodiscard]] base::Status CheckOwnDirectories(const config::AgentConfig& config);

}  // namespace zoowarden::agent
