// What a kill leaves behind under names that nothing points to: inside WriteFileAtomically, a file
// that bears the name of the one that was to be written, a mark and six characters.
#pragma once

#include "base/error.h"
#include "sys/beneath.h"

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

namespace zoowarden::sys {

inline constexpr std::string_view kTemporaryMark = ".tmp-";

// Such a name for "myid"; each call makes another one.
[[nodiscard]] std::string TemporaryFor(std::string_view name);

// "myid" of "myid.tmp-a1B2c3"; empty for a name that is none of a temporary.
[[nodiscard]] std::string_view TargetOfTemporary(std::string_view name);

// Both are for when nobody writes there: at a start. What will not go is told to the log only,
// since nobody misses it. They block and do not sync: what comes back after a power cut is removed
// at the next start.

// The entries of the directory itself whose names begin so, with everything in them.
[[nodiscard]] base::Status RemoveLeftovers(const Beneath& directory,
                                           std::initializer_list<std::string_view> prefixes);
// The temporary files in the directory, not those below it.
[[nodiscard]] base::Status RemoveTemporaries(const Beneath& directory);
// A directory that is not there has none.
[[nodiscard]] base::Status RemoveTemporaries(const std::filesystem::path& directory);

}  // namespace zoowarden::sys
