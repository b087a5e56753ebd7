// Option values that several pki commands share.
#pragma once

#include "base/error.h"
#include "pki/x509.h"

#include <cstdint>
#include <limits>
#include <string>

namespace zoowarden::controller {

inline constexpr std::uint64_t kMaxDays = 3650;
inline constexpr std::uint64_t kMaxServer = std::numeric_limits<std::uint32_t>::max();

// 1 to `most`; kInvalidArgument `usage.bad_value` otherwise.
[[nodiscard]] base::Result<std::uint64_t> NumberOption(const std::string& flag,
                                                       const std::string& text,
                                                       std::uint64_t most);

// "90s", "15m", "1h"; kInvalidArgument `usage.bad_value` otherwise.
[[nodiscard]] base::Result<pki::UnixTime> DurationOption(const std::string& flag,
                                                         const std::string& text);

}  // namespace zoowarden::controller
