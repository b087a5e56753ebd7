// Checks of single values that came over the wire. Each names the field it refuses.
#pragma once

#include "base/error.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace zoowarden::controller {

inline constexpr std::size_t kMaxIdentifier = 200;
inline constexpr std::size_t kMaxText = 500;
inline constexpr std::size_t kMaxEventText = 8'000;
inline constexpr std::size_t kMaxSettings = 2000;
inline constexpr std::size_t kMaxSettingBytes = 64 * 1024;
inline constexpr std::size_t kMaxMembers = 255;
inline constexpr std::size_t kMaxGenerations = 1000;
inline constexpr std::size_t kMaxTreeDigests = 1024;
inline constexpr std::size_t kMaxEvents = 20'000;
inline constexpr std::size_t kMaxJsonBytes = 2 * 1024 * 1024;

[[nodiscard]] base::Error BadWireValue(std::string_view field, std::string_view why);

// Letters, digits and "._:/@+-" only; may be empty unless the caller says otherwise.
[[nodiscard]] base::Status CheckIdentifier(std::string_view field, std::string_view text);
[[nodiscard]] base::Status NeedIdentifier(std::string_view field, std::string_view text);
// Text that is compared or stored, not shown: bounded, without control characters but tab.
[[nodiscard]] base::Status CheckExactText(std::string_view field,
                                          std::string_view text,
                                          std::size_t limit);
[[nodiscard]] base::Result<std::uint16_t> CheckPort(std::string_view field, std::uint32_t port);
// Of 1970 to 9999.
[[nodiscard]] base::Result<std::int64_t> CheckUnixTime(std::string_view field,
                                                       std::int64_t seconds);
[[nodiscard]] base::Status CheckCount(std::string_view field, std::size_t count, std::size_t limit);
// Cut to what the field holds (49 days); negative becomes 0.
[[nodiscard]] std::uint32_t WireMilliseconds(std::chrono::milliseconds duration);
// For people only.
[[nodiscard]] std::string ShownText(const std::string& text);

}  // namespace zoowarden::controller
