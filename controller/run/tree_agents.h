// The controller's view of the members' znode trees, through their agents. The real one speaks
// gRPC; calls block until what was asked for is there or its deadline passed.
#pragma once

#include "base/error.h"
#include "controller/run/agents.h"
#include "model/znode.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::controller {

// One member's tree, a batch at a time; what has not been asked for is held up on its server.
// Destroying it ends the walk.
class TreeWalk {
 public:
  virtual ~TreeWalk() = default;
  // Some znodes, in the order of model::ComparePaths as the agent says; none = the walk is done.
  virtual base::Result<std::vector<model::Znode>> Next() = 0;
  // How many znodes the member says that it has, from the first batch on; 0 = not known.
  [[nodiscard]] virtual std::uint64_t expected() const { return 0; }
};

struct WalkRequest {
  RunIdentity run;
  model::Zxid at_least;                 // applied by the member before it is read
  std::uint32_t znodes_per_second = 0;  // of each member; 0 = no limit
  // Asked while the agent sends nothing: true ends Next with kCancelled tree.stopped. May be empty.
  std::function<bool()> stop_requested;
};

// While it lives, a run's lease is renewed.
class LeaseRenewal {
 public:
  virtual ~LeaseRenewal() = default;
};

class TreeAgents {
 public:
  // What ReadZnodes takes at once; all paths together must leave a message of 4 MiB room for them.
  static constexpr std::size_t kMostPaths = 1'000;

  virtual ~TreeAgents() = default;

  virtual std::unique_ptr<TreeWalk> Walk(model::ServerId server, const WalkRequest& request) = 0;
  // These members at once; one znode for each path, in their order.
  virtual std::vector<Answer<std::vector<model::Znode>>> ReadZnodes(
      const RunIdentity& run,
      const std::set<model::ServerId>& servers,
      model::Zxid at_least,
      const std::vector<std::string>& paths) = 0;
  // On every agent, once a second and whatever else is waited for meanwhile: a walk that is held up
  // renews nothing. Best effort; a lease that is lost ends walks by itself.
  virtual std::unique_ptr<LeaseRenewal> KeepLease(const RunIdentity& run) = 0;
};

}  // namespace zoowarden::controller
