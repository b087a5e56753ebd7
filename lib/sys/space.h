// Room on a disk, looked at before something large is written. Nothing is reserved: who writes
// still handles a disk that fills up.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>

namespace zoowarden::sys {

// Room for `bytes` more on the file system of `path`, with `spare` left: else kResourceExhausted
// `file.no_space`, which says how much is missing.
[[nodiscard]] base::Status CheckSpace(const std::filesystem::path& path,
                                      std::uint64_t bytes,
                                      std::uint64_t spare);

}  // namespace zoowarden::sys
