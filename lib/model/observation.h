// What one round of observation saw, as values. Agents fill it, the controller's gates judge it.
// Nothing here is a conclusion: "proved", "down" and "unknown" are drawn in core/conclusions.h.
#pragma once

#include "model/ensemble.h"
#include "model/ids.h"
#include "model/operation.h"
#include "model/version.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::model {

// Milliseconds of a clock that the caller names: CLOCK_BOOTTIME on agents, a monotonic clock of the
// controller for rounds. Never wall time.
using Instant = std::chrono::milliseconds;

// What a server says of itself. A claim, not a proof: a leader that was replaced while it was
// frozen still says "leader" at the first question.
enum class Mode { kUnknown, kLeader, kFollower, kObserver, kStandalone, kReadOnly, kNotServing };
[[nodiscard]] std::string_view ModeName(Mode mode);  // "leader", "not_serving", ...
[[nodiscard]] std::optional<Mode> ParseMode(std::string_view name);
[[nodiscard]] bool IsServing(Mode mode);  // as a member of an ensemble, so not standalone

// zk_peer_state (3.6) or AdminServer's zabstate (3.5); kUnknown where neither can be read.
enum class Broadcast { kUnknown, kYes, kNo };

struct Process {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;      // clock ticks since boot: pid and start time name a process
  std::string generation;            // digest in its command line, empty = not one of ours
  std::string release;               // release directory in its command line
  std::string started_by_operation;  // operation that started it, as the agent's journal says
  bool operator==(const Process&) const = default;
};

struct Member {
  ServerId id;
  std::string host;
  std::uint16_t quorum_port = 0;
  std::uint16_t election_port = 0;
  Role role = Role::kParticipant;
  std::uint32_t weight = 1;
  std::optional<std::uint32_t> group;
  auto operator<=>(const Member&) const = default;
};

// The source of a membership that was read as the ensemble's committed configuration.
inline constexpr std::string_view kCommittedConfiguration = "committed configuration";

struct Membership {
  std::vector<Member> members;  // sorted by id
  std::string source;           // where it was read
  std::uint64_t version = 0;    // of the committed configuration, 0 = never reconfigured
};

[[nodiscard]] std::set<ServerId> IdsOf(const std::vector<Member>& members);
// The voting members only count by id, role, weight and group; hosts may be spelled differently.
[[nodiscard]] bool SameMembership(const Membership& a, const Membership& b);
[[nodiscard]] Member MemberOf(const ServerSpec& server);

// A release and a configuration bound together, as they stand on a server.
struct Generation {
  std::string digest;  // names generations/<digest>
  Version version;
  std::string release_sha512;
  std::string configuration_digest;
  bool operator==(const Generation&) const = default;
};

// What an agent shows its peers and whom it refuses; times in seconds since 1970 (UTC).
struct AgentCertificate {
  std::string serial;  // hexadecimal
  std::int64_t not_after = 0;
  std::int64_t ca_not_after = 0;   // of the CA that issued it
  std::int64_t crl_not_after = 0;  // of its revocation list; 0 = none is configured
  std::uint64_t crl_number = 0;
  bool operator==(const AgentCertificate&) const = default;
};

// ZooKeeper's own digest of its whole tree but /zookeeper (3.6 on), as the member logged it.
struct TreeDigest {
  Zxid zxid;                  // a multiple of 128
  std::uint32_t version = 0;  // of the way to compute it: only equal ones compare
  std::uint64_t value = 0;
  bool operator==(const TreeDigest&) const = default;
};

struct MemberObservation {
  ServerId id;
  bool answered = false;  // the agent answered in this round
  bool fenced = false;    // it refused our fencing epoch: another controller holds the run
  std::string problem;    // why it did not, or what it could not see
  std::string agent_version;
  std::uint64_t epoch = 0;         // highest fencing epoch the agent has stored
  bool processes_visible = false;  // false: an absent process proves nothing
  std::optional<Process> process;
  Mode mode = Mode::kUnknown;
  std::string mode_source;
  Broadcast broadcast = Broadcast::kUnknown;
  std::string broadcast_source;
  std::optional<Version> version;
  std::string version_source;
  std::optional<Zxid> own_zxid;
  std::optional<Zxid> durable_zxid;
  std::string durable_source;
  std::optional<bool> session_accepted;  // with lastZxidSeen = the round's canary
  std::optional<bool> read_back;         // the znode canary was read through this member
  std::optional<Membership> membership;
  // Whether it serves and has a quorum connection could be seen; false: their absence proves
  // nothing.
  bool member_looked = false;
  bool quorum_connection = false;  // an established connection of its process to a quorum port
  std::optional<Generation> current;
  Settings settings;  // of the current generation, secrets masked
  OperationStatus operation;
  std::uint16_t client_port = 0;
  std::vector<std::string> generations;         // complete ones on disk
  std::optional<AgentCertificate> certificate;  // for people only, not asked for gates
  bool tree_digests_read = false;               // they were asked for and could be
  std::vector<TreeDigest> tree_digests;
  // Of clients, as the member counts them: our own questions are among them.
  std::optional<std::uint32_t> connections;
};

struct Round {
  std::uint64_t number = 0;
  Instant started{0};
  Instant ended{0};
  std::optional<Zxid> canary;  // committed in this round
  std::optional<ServerId> canary_through;
  std::string canary_method;
  std::string canary_problem;
  std::vector<MemberObservation> members;  // one a declared server, sorted by id
};

[[nodiscard]] const MemberObservation* FindMember(const Round& round, ServerId id);

}  // namespace zoowarden::model
