// What the AdminServer answers (HTTP, JSON; 3.5 on, off by default on the line after 3.9).
//
// Which command exists where: stats, configuration and last_snapshot from 3.5; zabstate from 3.5.10
// (voting and state only) and with more fields from 3.6; voting_view and system_properties
// from 3.6. An unknown command is not an HTTP error but an "error" text inside the JSON. Pure
// functions.
//
// Reasons: zk.not_serving, zk.command_unknown, zk.command_failed, zk.reply_malformed.
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "model/observation.h"
#include "model/version.h"
#include "zk/membership.h"
#include "zk/srvr.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::zk {

// `stats`, `stat`, `srvr`.
struct AdminStats {
  model::Version version;
  std::string version_text;
  ServerMode mode = ServerMode::kReadOnly;
  model::Zxid zxid;                          // last applied transaction; the same counter as `srvr`
  std::optional<std::uint64_t> connections;  // of clients, absent where it is not told
};
[[nodiscard]] base::Result<AdminStats> ParseAdminStats(std::string_view json);

// `zabstate`.
struct ZabState {
  bool voting = false;
  std::string state;  // "election", "discovery", "synchronization", "broadcast"; empty = none yet
  std::optional<model::ServerId> my_id;
  std::optional<bool> is_leader;
  std::optional<model::Zxid> last_zxid;
  [[nodiscard]] bool Broadcasting() const { return state == "broadcast"; }
};
[[nodiscard]] base::Result<ZabState> ParseZabState(std::string_view json);

// `voting_view`: the participants that this member knows; no observers, weights or groups.
[[nodiscard]] base::Result<Membership> ParseVotingView(std::string_view json);

// `configuration`.
struct AdminConfiguration {
  model::ServerId server_id;
  std::uint16_t client_port = 0;  // 0 = no plain client port
  std::string data_directory;     // with "version-2" at its end, as the server prints it
  std::string data_log_directory;
};
[[nodiscard]] base::Result<AdminConfiguration> ParseAdminConfiguration(std::string_view json);

// `last_snapshot`: taken or loaded last, so up to snapCount behind.
struct LastSnapshot {
  model::Zxid zxid;
  std::int64_t timestamp = 0;  // seconds since 1970; 0 on a follower of 3.6.4
};
[[nodiscard]] base::Result<LastSnapshot> ParseLastSnapshot(std::string_view json);

// `hash` (3.6 on): what the member logged of its own tree, oldest first; at most 1,024.
[[nodiscard]] base::Result<std::vector<model::TreeDigest>> ParseTreeDigests(std::string_view json);

// `system_properties`: every Java property, secrets included: never show or store it whole.
[[nodiscard]] base::Result<std::map<std::string, std::string>> ParseSystemProperties(
    std::string_view json);

}  // namespace zoowarden::zk
