// What processes may do. Whether one could write a directory at all is told by what everybody may
// read of it: one that could not serves no data there, whatever cannot be seen of its files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace zoowarden::agent {

// What helps one to whom a look was denied, as the end of a sentence: nothing that root is told.
[[nodiscard]] std::string AskRoot();

// True wherever that cannot be excluded: capabilities, access lists, or nothing readable in
// /proc/PID/status. Owner, groups and mode as the kernel has them (credentials(7)).
[[nodiscard]] bool MayWrite(const std::filesystem::path& proc,
                            std::int32_t pid,
                            const std::filesystem::path& directory);

}  // namespace zoowarden::agent
