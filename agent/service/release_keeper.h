// Lists, verifies, removes and collects the releases of this server: the one place that knows which
// generations are still needed and what lies on disk.
#pragma once

#include "agent/install/generations.h"
#include "agent/install/installed_releases.h"
#include "agent/service/instance.h"
#include "base/error.h"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct KnownRelease {
  InstalledRelease installed;
  std::vector<GenerationUse> generations;
};

class ReleaseKeeper {
 public:
  // The instance must outlive it.
  ReleaseKeeper(Instance& instance, Generations generations)
      : instance_(&instance), generations_(std::move(generations)) {}

  // Any thread.
  [[nodiscard]] base::Result<std::vector<KnownRelease>> List();
  // The same with every file read; what is changed is in its problem.
  [[nodiscard]] base::Result<std::vector<KnownRelease>> Verify();

  // For both no operation may begin meanwhile; `needed` are digests of generations beside the
  // current one. Remove gives the digests removed with it; kFailedPrecondition `release.in_use`.
  // Collect removes what the policy of agent.yaml lets go, and tells the log.
  [[nodiscard]] base::Result<std::vector<std::string>> Remove(const std::string& name,
                                                              const std::set<std::string>& needed);
  [[nodiscard]] base::Status Collect(const std::set<std::string>& needed);

 private:
  [[nodiscard]] base::Result<std::vector<GenerationUse>> Uses();

  Instance* instance_;
  std::mutex mutex_;  // of generations_
  Generations generations_;
};

}  // namespace zoowarden::agent
