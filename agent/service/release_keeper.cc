#include "agent/service/release_keeper.h"

#include "agent/install/retention.h"
#include "base/log.h"
#include "base/text.h"

#include <algorithm>

namespace zoowarden::agent {

namespace fs = std::filesystem;

base::Result<GenerationUses> ReleaseKeeper::Uses() {
  const std::lock_guard lock(mutex_);
  return generations_.Uses();
}

base::Result<std::vector<GenerationUse>> ReleaseKeeper::AllUses() {
  ZW_ASSIGN(auto uses, Uses());
  if (!uses.unknown.empty()) {
    const GenerationOfUnknownUse& first = uses.unknown.front();
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "release.use_unknown",
                      "no release is removed while it is not known of which one generation " +
                          first.digest + " is (" + first.why.message() + "); restore it, or move " +
                          instance_->config().instance.generations + "/" + first.digest + " away");
  }
  return std::move(uses.known);
}

base::Status ReleaseKeeper::CheckUses() {
  ZW_TRY(AllUses());
  return base::Ok();
}

base::Result<KnownReleases> ReleaseKeeper::List() {
  ZW_ASSIGN(auto uses, Uses());
  ZW_ASSIGN(auto installed,
            instance_->WithReleases([](Releases& releases) { return releases.List(); }));
  KnownReleases known{.releases = {}, .unknown = std::move(uses.unknown)};
  for (InstalledRelease& release : installed) {
    KnownRelease& one = known.releases.emplace_back();
    std::copy_if(uses.known.begin(),
                 uses.known.end(),
                 std::back_inserter(one.generations),
                 [&](const auto& use) { return use.release == release.name; });
    one.installed = std::move(release);
  }
  return known;
}

base::Result<KnownReleases> ReleaseKeeper::Verify() {
  ZW_ASSIGN(auto known, List());
  const fs::path directory = instance_->config().instance.releases;
  for (KnownRelease& one : known.releases) {
    InstalledRelease& release = one.installed;
    if (!release.problem.empty()) {
      continue;
    }
    const auto verified =
        VerifyInstalled(directory / release.name, release.version, release.sha512);
    if (!verified) {
      release.problem_reason = verified.error().reason();
      release.problem = verified.error().message();
    }
  }
  return known;
}

base::Result<std::vector<StagedArchive>> ReleaseKeeper::Staged() {
  return instance_->WithReleases([](Releases& releases) { return releases.Staged(); });
}

std::optional<AdoptedRelease> ReleaseKeeper::Adopted() {
  const std::lock_guard lock(mutex_);
  const auto found = generations_.Adopted();
  if (!found) {
    return std::nullopt;
  }
  const std::string& digest = found->generation.digest;
  const auto current = generations_.Current();
  return AdoptedRelease{
      .version = found->generation.version,
      .use = {.digest = digest,
              .release = "",
              .current = current && *current && (*current)->generation.digest == digest,
              .last_ran = generations_.LastRan(digest)}};
}

base::Status ReleaseKeeper::RemoveGenerations(const std::vector<std::string>& digests) {
  const std::lock_guard lock(mutex_);
  for (const std::string& digest : digests) {
    ZW_ASSIGN(auto tree, generations_.Remove(digest));
    if (tree) {
      discard_(*std::move(tree));
    }
  }
  return base::Ok();
}

base::Result<std::vector<std::string>> ReleaseKeeper::Remove(const std::string& name,
                                                             const std::set<std::string>& needed) {
  std::vector<std::string> digests;
  if (IsSha512(name)) {
    ZW_TRY(
        instance_->WithReleases([&](Releases& releases) { return releases.RemoveStaged(name); }));
    base::LogInfo("removed archive=" + name);
    return digests;
  }
  ZW_ASSIGN(const auto uses, AllUses());
  for (const GenerationUse& use : uses) {
    if (use.release != name) {
      continue;
    }
    if (use.current || needed.contains(use.digest)) {
      return base::Fail(base::ErrorCode::kFailedPrecondition,
                        "release.in_use",
                        "release " + base::Printable(name, 60) + " is needed: generation " +
                            use.digest + " of it " +
                            (use.current ? "is the current one"
                                         : "belongs to an operation that is open, or runs") +
                            "; move the server to another release first, or end the operation");
    }
    digests.push_back(use.digest);
  }
  const auto removed = instance_->WithReleases([&](Releases& releases) -> base::Status {
    // First those that point to it, so that no generation ever names a tree that is not there.
    ZW_TRY(RemoveGenerations(digests));
    ZW_ASSIGN(auto tree, releases.Remove(name));
    discard_(std::move(tree));
    return base::Ok();
  });
  ZW_TRY(removed);
  base::LogInfo("removed release=" + name + " generations=" + base::Join(digests, ","));
  return digests;
}

base::Status ReleaseKeeper::Collect(const std::set<std::string>& needed) {
  // Of no generation, so that one that cannot be read keeps none of them.
  auto dropped = instance_->WithReleases([this](Releases& releases) {
    return releases.DropUnused(instance_->config().releases.keep);
  });
  ZW_TRY(CollectUnpacked(needed));
  return dropped;
}

base::Status ReleaseKeeper::CollectUnpacked(const std::set<std::string>& needed) {
  ZW_ASSIGN(const auto uses, AllUses());
  return instance_->WithReleases([&](Releases& releases) -> base::Status {
    ZW_ASSIGN(const auto installed, releases.List());
    RetentionInput input{
        .generations = uses, .needed = needed, .keep = instance_->config().releases.keep};
    for (const InstalledRelease& release : installed) {
      input.releases.push_back(release.name);
    }
    const Removals removals = ChooseRemovals(input);
    ZW_TRY(RemoveGenerations(removals.generations));
    if (!removals.generations.empty()) {
      base::LogInfo("collected generations=" + base::Join(removals.generations, ","));
    }
    for (const std::string& name : removals.releases) {
      ZW_ASSIGN(auto tree, releases.Remove(name));
      discard_(std::move(tree));
      base::LogInfo("collected release=" + name);
    }
    return base::Ok();
  });
}

}  // namespace zoowarden::agent
