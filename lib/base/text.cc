#include "base/text.h"

#include <algorithm>
#include <array>
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

namespace {

struct Utf8Row {
  unsigned char first;  // lowest and highest leading byte
  unsigned char last;
  unsigned char low;  // of the byte after it
  unsigned char high;
  std::size_t length;
};

// Table 3-7 of the Unicode Standard.
constexpr std::array<Utf8Row, 9> kUtf8{{{0x00, 0x7f, 0, 0, 1},
                                        {0xc2, 0xdf, 0x80, 0xbf, 2},
                                        {0xe0, 0xe0, 0xa0, 0xbf, 3},
                                        {0xe1, 0xec, 0x80, 0xbf, 3},
                                        {0xed, 0xed, 0x80, 0x9f, 3},
                                        {0xee, 0xef, 0x80, 0xbf, 3},
                                        {0xf0, 0xf0, 0x90, 0xbf, 4},
                                        {0xf1, 0xf3, 0x80, 0xbf, 4},
                                        {0xf4, 0xf4, 0x80, 0x8f, 4}}};

// Of the character that the text begins with; 0 = it begins with none.
std::size_t CharacterLength(std::string_view text) {
  const auto byte_at = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto* const row = std::find_if(kUtf8.begin(), kUtf8.end(), [&](const Utf8Row& r) {
    return byte_at(0) >= r.first && byte_at(0) <= r.last;
  });
  if (row == kUtf8.end() || text.size() < row->length) {
    return 0;
  }
  for (std::size_t i = 1; i < row->length; ++i) {
    const bool second = i == 1;
    if (byte_at(i) < (second ? row->low : 0x80) || byte_at(i) > (second ? row->high : 0xbf)) {
      return 0;
    }
  }
  return row->length;
}

// U+0080 to U+009F too: terminals obey U+009B as they do ESC [.
bool IsControl(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character.front());
  return byte < 0x20 || byte == 0x7f ||
         (byte == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = CharacterLength(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::string_view CutUtf8(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    return text;
  }
  constexpr std::size_t kLongest = 4;
  for (std::size_t back = 1; back < kLongest && back <= limit; ++back) {
    if (CharacterLength(text.substr(limit - back)) > back) {
      return text.substr(0, limit - back);
    }
  }
  return text.substr(0, limit);
}

std::string Printable(std::string_view text, std::size_t limit) {
  auto rest = CutUtf8(text, limit);
  const bool cut = rest.size() < text.size();
  std::string clean;
  clean.reserve(rest.size() + 3);
  while (!rest.empty()) {
    const auto length = CharacterLength(rest);
    const auto character = rest.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || IsControl(character)) {
      clean += rest.front() == '\n' || rest.front() == '\t' ? ' ' : '?';
    } else {
      clean += character;
    }
    rest.remove_prefix(character.size());
  }
  return cut ? clean + "..." : clean;
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
