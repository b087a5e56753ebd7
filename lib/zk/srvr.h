// The reply to `srvr` (and the same lines inside `stat`): who the server is, how far it has
// applied, and the role it claims. The only word that is allowed by default from 3.5 on.
//
// A mode is a claim and not proof: a leader that lost its followers goes on saying "leader" for
// syncLimit ticks. Field order and names from ServerStats.toString and StatCommand, 3.4 to 3.9.
#pragma once

#include "base/error.h"
#include "model/ids.h"
#include "model/version.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::zk {

enum class ServerMode { kLeader, kFollower, kObserver, kStandalone, kReadOnly };
[[nodiscard]] std::string_view ServerModeName(ServerMode mode);  // "leader", ..., "read-only"
[[nodiscard]] std::optional<ServerMode> ParseServerMode(std::string_view name);

struct SrvrReply {
  model::Version version;
  std::string version_text;  // as the server printed it, with build date
  std::string latency;       // "min/avg/max" in ms; the average has decimals from 3.6 on
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t connections = 0;
  std::uint64_t outstanding = 0;
  model::Zxid zxid;  // last applied transaction
  ServerMode mode = ServerMode::kReadOnly;
  std::uint64_t node_count = 0;
  bool operator==(const SrvrReply&) const = default;
};

// Fails unless every field is there once and sane; errors as in reply.h. Lines with unknown names
// are accepted, because a later release may add one.
[[nodiscard]] base::Result<SrvrReply> ParseSrvr(std::string_view reply);

// The text a server would send, without the leader's proposal sizes; for tests and fakes.
[[nodiscard]] std::string PrintSrvr(const SrvrReply& reply);

}  // namespace zoowarden::zk
