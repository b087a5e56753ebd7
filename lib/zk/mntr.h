// The reply to `mntr`: one "zk_name<TAB>value" line a metric. Not allowed by default from 3.5 on.
//
// There is no zxid in it, in any release line. zk_peer_state ("following - broadcast") is 3.6 and
// later, and is the server's own word that it has finished synchronising. zk_synced_followers and
// zk_pending_syncs do not mean what their names say (Leader.startForwarding runs before the sync
// ends; pending syncs are clients' sync calls), so nothing here offers them by name.
#pragma once

#include "base/error.h"
#include "model/version.h"
#include "zk/srvr.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::zk {

struct MntrReply {
  model::Version version;
  ServerMode mode = ServerMode::kReadOnly;                 // zk_server_state
  std::optional<std::string> peer_state;                   // zk_peer_state, 3.6 on
  std::map<std::string, std::string, std::less<>> values;  // every metric, these included
};

// Fails unless version and server state are there and every line is a metric; errors as in reply.h.
[[nodiscard]] base::Result<MntrReply> ParseMntr(std::string_view reply);

// "leading - broadcast", "following - broadcast", "observing - broadcast".
[[nodiscard]] bool IsBroadcasting(std::string_view peer_state);

}  // namespace zoowarden::zk
