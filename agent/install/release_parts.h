// Archives that have come in part: uploads/<sha512>.part.
#pragma once

#include "base/error.h"

#include <filesystem>

namespace zoowarden::agent {

// One may lie about unfinished: a controller that starts many must not fill the disk.
[[nodiscard]] base::Status RemoveOtherParts(const std::filesystem::path& uploads,
                                            const std::filesystem::path& keep);

}  // namespace zoowarden::agent
