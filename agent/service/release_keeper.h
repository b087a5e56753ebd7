// Lists, verifies, removes and collects the releases of this server: the one place that knows which
// generations are still needed and what lies on disk.
#pragma once

#include "agent/install/generations.h"
#include "agent/install/installed_releases.h"
#include "agent/service/instance.h"
#include "base/error.h"
#include "sys/files.h"

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct KnownRelease {
  InstalledRelease installed;
  std::vector<GenerationUse> generations;
};

struct AdoptedRelease {
  model::Version version;
  GenerationUse use;
};

// Renamed aside already, so that nothing finds it. The trees go from the disk with this object, for
// which no lock is needed; what a kill leaves of them goes when the agent starts again.
struct RemovedRelease {
  std::vector<std::string> generations;  // their digests
  std::vector<sys::TempDir> trees;
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

  // Those whose release cannot be read; nothing is removed or collected while there is one.
  [[nodiscard]] base::Result<std::vector<GenerationOfUnknownUse>> OfUnknownUse();
  // Archives that were never unpacked, and what ran before adoption.
  [[nodiscard]] base::Result<std::vector<StagedArchive>> Staged();
  [[nodiscard]] std::optional<AdoptedRelease> Adopted();

  // For both no operation may begin meanwhile; `needed` are digests of generations beside the
  // current one. Remove takes a name or the SHA-512 of a staged archive; kFailedPrecondition
  // `release.in_use`, `release.use_unknown`. Collect removes what the policy of agent.yaml lets go,
  // and tells the log.
  [[nodiscard]] base::Result<RemovedRelease> Remove(const std::string& name,
                                                    const std::set<std::string>& needed);
  [[nodiscard]] base::Result<RemovedRelease> Collect(const std::set<std::string>& needed);

 private:
  [[nodiscard]] base::Result<GenerationUses> Uses();
  // `release.use_unknown` where not all are known.
  [[nodiscard]] base::Result<std::vector<GenerationUse>> AllUses();
  // With mutex_ held.
  [[nodiscard]] base::Status RemoveGeneration(const std::string& digest, RemovedRelease& removed);

  Instance* instance_;
  std::mutex mutex_;  // of generations_
  Generations generations_;
};

}  // namespace zoowarden::agent
