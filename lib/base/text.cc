#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace zoowarden::base {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (const auto& part : parts) {
    if (!joined.empty() || &part != parts.data()) {
      joined += separator;
    }
    joined += part;
  }
  return joined;
}

std::optional<std::uint64_t> ParseUnsigned(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc() || stopped != end) {
    return std::nullopt;
  }
  return value;
}

std::string Hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::string Printable(std::string_view text, std::size_t limit) {
  std::string clean(text.substr(0, limit));
  const auto byte_at = [&clean](std::size_t i) { return static_cast<unsigned char>(clean[i]); };
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = byte_at(i);
    if (byte < 0x20 || byte == 0x7f) {
      clean[i] = byte == '\n' || byte == '\t' ? ' ' : '?';
    } else if (byte == 0xc2 && i + 1 < clean.size() && byte_at(i + 1) < 0xa0) {
      // U+0080 to U+009F: terminals obey U+009B as they do ESC [.
      clean.replace(i, 2, "?");
    }
  }
  return text.size() > limit ? clean + "..." : clean;
}

namespace {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> NearestName(std::string_view word,
                                       const std::vector<std::string>& candidates) {
  const std::size_t allowed = std::clamp<std::size_t>(word.size() / 3, 1, 4);
  std::optional<std::string> nearest;
  std::size_t best = allowed + 1;
  for (const auto& candidate : candidates) {
    if (const auto distance = EditDistance(word, candidate); distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace zoowarden::base
