// Which releases and generations are kept when a run is closed. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::agent {

struct GenerationUse {
  std::string digest;
  std::string release;  // the name of the directory it points to
  bool current = false;
  std::optional<std::int64_t> last_ran;  // seconds since 1970, 0 = not known when; none = never
  std::int64_t made = 0;
};

struct RetentionInput {
  std::vector<GenerationUse> generations;
  std::vector<std::string> releases;  // names of all unpacked ones
  std::set<std::string> needed;       // digests that stay whatever their age
  std::size_t keep = 1;
};

struct Removals {
  std::vector<std::string> generations;
  std::vector<std::string> releases;
};

// The current and the needed generations stay, with their releases. Of the others, those of the
// `keep` newest releases stay (what stays anyway counted), `keep` generations of each. A
// generation is as new as its last use, or as its making.
[[nodiscard]] Removals ChooseRemovals(const RetentionInput& input);

}  // namespace zoowarden::agent
