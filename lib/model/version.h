// A ZooKeeper release version. Distributions append text ("3.8.0-${mvngit.commit.id}",
// "3.4.13-6--1"), so only the leading three numbers count in comparisons.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::model {

struct Version {
  int major_number = 0;
  int minor_number = 0;
  int patch_number = 0;

  auto operator<=>(const Version&) const = default;
  [[nodiscard]] std::string ToString() const;
};

// Parses the leading "X.Y.Z" of `text`; anything after it must not be a digit or a dot.
[[nodiscard]] std::optional<Version> ParseVersion(std::string_view text);

}  // namespace zoowarden::model
