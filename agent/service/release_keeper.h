// Lists, verifies, removes and collects the releases of this server: the one place that knows which
// generations are still needed and what lies on disk.
#pragma once

#include "agent/install/generations.h"
#include "agent/install/installed_releases.h"
#include "agent/service/instance.h"
#include "base/error.h"
#include "sys/files.h"

#include <functional>
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

// Of one moment.
struct KnownReleases {
  std::vector<KnownRelease> releases;
  // Those whose release cannot be read; no release is removed or collected while there is one.
  std::vector<GenerationOfUnknownUse> unknown;
};

class ReleaseKeeper {
 public:
  // Takes what was renamed aside and is nowhere found any more; called with locks held, so it does
  // not delete. What a kill leaves of it goes when the agent starts again.
  using Discard = std::function<void(sys::TempDir)>;

  // The instance must outlive it.
  ReleaseKeeper(Instance& instance, Generations generations, Discard discard)
      : instance_(&instance), generations_(std::move(generations)), discard_(std::move(discard)) {}

  // Any thread.
  [[nodiscard]] base::Result<KnownReleases> List();
  // The same with every file read; what is changed is in its problem.
  [[nodiscard]] base::Result<KnownReleases> Verify();
  // `release.use_unknown` while no release can be removed.
  [[nodiscard]] base::Status CheckUses();

  // Archives that were never unpacked, and what ran before adoption.
  [[nodiscard]] base::Result<std::vector<StagedArchive>> Staged();
  [[nodiscard]] std::optional<AdoptedRelease> Adopted();

  // For both no operation may begin meanwhile; `needed` are digests of generations beside the
  // current one. Remove takes a name or the SHA-512 of a staged archive, and tells the digests of
  // the generations that went with it; kFailedPrecondition `release.in_use`, `release.use_unknown`.
  // Collect removes what the policy of agent.yaml lets go, and tells the log; staged archives go
  // by it also where no release may.
  [[nodiscard]] base::Result<std::vector<std::string>> Remove(const std::string& name,
                                                              const std::set<std::string>& needed);
  [[nodiscard]] base::Status Collect(const std::set<std::string>& needed);

 private:
  [[nodiscard]] base::Result<GenerationUses> Uses();
  // `release.use_unknown` where not all are known.
  [[nodiscard]] base::Result<std::vector<GenerationUse>> AllUses();
  [[nodiscard]] base::Status RemoveGenerations(const std::vector<std::string>& digests);
  [[nodiscard]] base::Status CollectUnpacked(const std::set<std::string>& needed);

  Instance* instance_;
  std::mutex mutex_;  // of generations_; taken after the lock of the releases, never before it
  Generations generations_;
  Discard discard_;
};

}  // namespace zoowarden::agent
