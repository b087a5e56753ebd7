// Quorum arithmetic, as ZooKeeper does it: simple majorities, or weights inside groups
// (QuorumMaj.java, QuorumHierarchical.java). Pure.
#pragma once

#include "model/observation.h"

#include <set>
#include <string>
#include <vector>

namespace zoowarden::core {

// True when `present` holds a quorum of the voting members. With groups: a majority of the weight
// in more than half of the groups whose weight is not zero; a voter without a group then counts for
// nothing, as in ZooKeeper.
[[nodiscard]] bool ContainsQuorum(const std::vector<model::Member>& members,
                                  const std::set<model::ServerId>& present);

// What a stop would leave, said so that an operator can check it by hand.
struct QuorumArithmetic {
  bool holds = false;
  std::size_t voters = 0;     // voting members
  std::size_t remaining = 0;  // proved voters without the one to be stopped
  std::size_t needed = 0;     // smallest quorum (simple majorities only, else 0)
  std::size_t spare = 0;      // further proved voters that could be lost before the quorum is
  std::string sentence;       // "if server 3 stops, 2 of 3 voters remain, quorum 2, spare 0"
};

[[nodiscard]] QuorumArithmetic IfStopped(const std::vector<model::Member>& members,
                                         const std::set<model::ServerId>& proved,
                                         model::ServerId stopped);

[[nodiscard]] std::size_t CountVoters(const std::vector<model::Member>& members);

}  // namespace zoowarden::core
