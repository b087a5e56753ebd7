// Did the ensemble keep what it acknowledged? Pure: chains and readings in, verdict out.
#pragma once

#include "tests/load/chain.h"

#include <cstdint>
#include <string>
#include <vector>

namespace zoowarden::load {

struct Verdict {
  std::uint64_t lost = 0;     // acknowledged (or once read) writes that a member does not have
  std::uint64_t phantom = 0;  // writes that a member has although they definitely failed
  // One line a finding, for people; at most 20 are kept.
  std::vector<std::string> findings;

  void Add(const Verdict& other);
};

// One chain against what every member says of its znode, readings in the order of `members`. A
// write that is missing on one member is lost once, on however many it is missing.
[[nodiscard]] Verdict JudgeChain(const Chain& chain,
                                 const std::vector<std::string>& members,
                                 const std::vector<Reading>& readings);

// Children of a client's znode that no chain ever tried to create.
[[nodiscard]] Verdict JudgeChildren(const std::string& parent,
                                    const std::vector<Chain>& chains,
                                    const std::vector<std::string>& children);

}  // namespace zoowarden::load
