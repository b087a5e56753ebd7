#include "model/version.h"

#include <array>
#include <charconv>

namespace zoowarden::model {

std::string Version::ToString() const {
  return std::to_string(major_number) + "." + std::to_string(minor_number) + "." +
         std::to_string(patch_number);
}

std::optional<Version> ParseVersion(std::string_view text) {
  std::array<int, 3> parts{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) {
      if (at == end || *at != '.') {
        return std::nullopt;
      }
      ++at;
    }
    if (at == end || *at < '0' || *at > '9') {
      return std::nullopt;
    }
    const auto [next, error] = std::from_chars(at, end, parts.at(i));
    if (error != std::errc()) {
      return std::nullopt;
    }
    at = next;
  }
  if (at != end && *at == '.') {
    return std::nullopt;
  }
  return Version{parts[0], parts[1], parts[2]};
}

}  // namespace zoowarden::model
