#include "agent/install/retention.h"

#include <algorithm>
#include <map>

namespace zoowarden::agent {
namespace {

std::int64_t NewestUse(const GenerationUse& use) {
  return std::max(use.last_ran.value_or(0), use.made);
}

}  // namespace

Removals ChooseRemovals(const RetentionInput& input) {
  std::vector<GenerationUse> newest_first = input.generations;
  std::stable_sort(newest_first.begin(), newest_first.end(), [](const auto& a, const auto& b) {
    return NewestUse(a) > NewestUse(b);
  });
  const auto stays = [&](const GenerationUse& use) {
    return use.current || input.needed.contains(use.digest);
  };
  std::map<std::string, std::size_t> kept;  // release → generations of it
  for (const auto& use : newest_first) {
    if (stays(use)) {
      ++kept[use.release];
    }
  }
  Removals removals;
  for (const auto& use : newest_first) {
    if (stays(use)) {
      continue;
    }
    const bool release_stays = kept.contains(use.release) || kept.size() < input.keep;
    if (release_stays && kept[use.release] < input.keep) {
      ++kept[use.release];
    } else {
      removals.generations.push_back(use.digest);
    }
  }
  for (const auto& release : input.releases) {
    if (!kept.contains(release)) {
      removals.releases.push_back(release);
    }
  }
  return removals;
}

}  // namespace zoowarden::agent
