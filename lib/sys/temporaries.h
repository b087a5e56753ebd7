// What a kill inside WriteFileAtomically leaves behind: a file that bears the name of the one that
// was to be written, a mark and six characters.
#pragma once

#include "base/error.h"
#include "sys/beneath.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace zoowarden::sys {

inline constexpr std::string_view kTemporaryMark = ".tmp-";

// Such a name for "myid"; each call makes another one.
[[nodiscard]] std::string TemporaryFor(std::string_view name);

// "myid" of "myid.tmp-a1B2c3"; empty for a name that is none of a temporary.
[[nodiscard]] std::string_view TargetOfTemporary(std::string_view name);

// Removes the temporary files in the directory, not those below it. For when nobody writes there:
// at a start. Blocks; not synced, since what comes back after a power cut is removed at the next
// start.
[[nodiscard]] base::Status RemoveTemporaries(const Beneath& directory);
// A directory that is not there has none.
[[nodiscard]] base::Status RemoveTemporaries(const std::filesystem::path& directory);

}  // namespace zoowarden::sys
