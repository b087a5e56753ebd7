// The deep form of `verify`: every znode of every member, compared. The rule by which something
// counts as different is core/tree_comparison.h; here the trees are read beside each other and what
// is suspect is read again. Memory does not grow with the trees.
#pragma once

#include "controller/run/tree_agents.h"
#include "core/tree_comparison.h"
#include "sys/clock.h"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::controller {

struct TreeVerdict {
  std::uint64_t znodes = 0;    // paths that were seen on any member
  std::uint64_t suspects = 0;  // of them not equal at first sight
  // Not equal in any round, nor the same three times: they change too often to be judged.
  std::uint64_t unsettled = 0;
  std::vector<std::string> unsettled_paths;             // some of them
  std::map<model::ServerId, std::uint64_t> unreadable;  // NoAuth; nothing below them was seen
  std::vector<model::ServerId> root_hidden;             // of them those without a tree to compare
  std::vector<core::ZnodeDifference> differences;
  // false: stopped at the limit of differences or on request, or a root could not be read
  bool complete = false;
};

struct TreeProgress {
  std::uint64_t znodes = 0;
  std::uint64_t expected = 0;  // about; 0 = not known
  std::uint64_t suspects = 0;
  std::size_t differences = 0;
  std::string path;  // the one that is compared now
};

struct TreeVerifyOptions {
  RunIdentity run;
  std::set<model::ServerId> servers;
  model::ServerId canary_through;  // a member that serves
  std::string canary_path;         // empty = the failed write
  std::uint32_t znodes_per_second = 0;
  std::size_t most_differences = 100;
  std::function<void(const TreeProgress&)> progress;  // now and then
  std::function<bool()> stop_requested;
};

// Errors: of an agent that cannot read its member, or of one that answers what no agent would.
[[nodiscard]] base::Result<TreeVerdict> VerifyTrees(Agents& agents,
                                                    TreeAgents& trees,
                                                    sys::Clock& clock,
                                                    const TreeVerifyOptions& options);

}  // namespace zoowarden::controller
