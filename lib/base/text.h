// Small text helpers shared by every component. Pure functions on ASCII or UTF-8; no
// locale.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zoowarden::base {

// Both return views into `text`, so a string that is about to die is refused.
[[nodiscard]] std::string_view Trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> Split(std::string_view text, char separator);
template <std::same_as<std::string> T>
std::string_view Trim(T&& text) = delete;
template <std::same_as<std::string> T>
std::vector<std::string_view> Split(T&& text, char separator) = delete;
[[nodiscard]] std::string Join(const std::vector<std::string>& parts, std::string_view separator);

// The whole text must be a number in range; a sign, spaces or trailing text give nullopt.
[[nodiscard]] std::optional<std::uint64_t> ParseUnsigned(std::string_view text, int base = 10);

// Lower-case hexadecimal of the bytes.
[[nodiscard]] std::string Hex(std::span<const unsigned char> bytes);

[[nodiscard]] bool IsUtf8(std::string_view text);
// At most `limit` bytes of it, no character cut in two. A view into `text`.
[[nodiscard]] std::string_view CutUtf8(std::string_view text, std::size_t limit);

// Control characters and bytes that are not UTF-8 become '?', and the text is cut after at most
// `limit` bytes: for text that came from another machine or program and goes to a terminal, a log
// or a record.
[[nodiscard]] std::string Printable(std::string_view text, std::size_t limit = 300);

// The candidate with the smallest edit distance to `word`, if any is within a third of its length
// (at least 1, at most 4 edits): for "unknown key 'x', did you mean 'y'".
[[nodiscard]] std::optional<std::string> NearestName(std::string_view word,
                                                     const std::vector<std::string>& candidates);

}  // namespace zoowarden::base
