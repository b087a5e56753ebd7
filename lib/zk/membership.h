// Who is in an ensemble, by server lines: from zoo.cfg, a dynamic configuration file, the committed
// configuration (/zookeeper/config) or AdminServer's voting_view. Values and pure functions.
#pragma once

#include "base/error.h"
#include "model/ensemble.h"
#include "model/ids.h"
#include "zk/server_line.h"
#include "zk/zoo_cfg.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::zk {

struct Member {
  model::Role role = model::Role::kParticipant;
  std::vector<QuorumAddress> addresses;
  std::optional<ClientAddress> client;
  std::uint64_t weight = 1;            // QuorumHierarchical weight
  std::optional<std::uint64_t> group;  // QuorumHierarchical group
  bool operator==(const Member&) const = default;
};

struct Membership {
  std::map<model::ServerId, Member> members;
  // Any group or weight line: the quorum is a majority of weight in a majority of groups.
  bool hierarchical = false;
  bool operator==(const Membership&) const = default;

  [[nodiscard]] std::vector<model::ServerId> Voters() const;
  [[nodiscard]] std::vector<model::ServerId> Observers() const;
};

// Reads the server.N, group.N and weight.N lines and ignores every other key and blanks at the end
// of a line. No server line at all is an empty membership. Reason: zoo_cfg.invalid with
// "file:line:column".
[[nodiscard]] base::Result<Membership> MembershipOf(const ZooCfg& cfg);

// "server.1=…\n" lines in order of id, then group and weight lines.
[[nodiscard]] std::string PrintMembership(const Membership& membership);

// Same ids, roles, addresses, weights and groups? Client addresses are left out: a member shows its
// own from its static file and nobody else's. An election port that one side lacks is not compared.
[[nodiscard]] bool SameMembers(const Membership& a, const Membership& b);

}  // namespace zoowarden::zk
