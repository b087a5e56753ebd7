// The generated part of a page of docs/: what stands between its two markers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zoowarden::test {

inline constexpr std::string_view kGeneratedBegin =
    "<!-- generated from lib/core: do not edit, run ./x docs -->\n";
inline constexpr std::string_view kGeneratedEnd = "<!-- end of the generated part -->\n";

// The page with that part replaced; nullopt where it has no such markers.
inline std::optional<std::string> WithGenerated(std::string_view page, std::string_view part) {
  const std::size_t begin = page.find(kGeneratedBegin);
  const std::size_t end = page.find(kGeneratedEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
    return std::nullopt;
  }
  return std::string(page.substr(0, begin)) + std::string(kGeneratedBegin) + "\n" +
         std::string(part) + "\n" + std::string(page.substr(end));
}

}  // namespace zoowarden::test
