// One translation of errno into our errors, so that every message says what to do next.
#pragma once

#include "base/error.h"

#include <string_view>

namespace zoowarden::sys {

// "cannot <action> <object>: no space left on device; free space there and retry". `error_number`
// is errno, saved by the caller right after the failing call.
[[nodiscard]] base::Error ErrnoError(std::string_view action,
                                     std::string_view object,
                                     int error_number);

}  // namespace zoowarden::sys
