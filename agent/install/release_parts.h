// What lies in uploads/ under the SHA-512 of an archive. What a controller sends and what is
// downloaded have files of their own: neither is ever written by two.
#pragma once

#include "base/error.h"
#include "sys/fd.h"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace zoowarden::agent {

inline constexpr std::string_view kPartSuffix = ".part";    // sent so far
inline constexpr std::string_view kFetchSuffix = ".fetch";  // downloaded so far
inline constexpr std::string_view kArchiveSuffix = ".archive";
inline constexpr std::string_view kSignatureSuffix = ".signature";

[[nodiscard]] std::filesystem::path UploadsPath(const std::filesystem::path& uploads,
                                                std::string_view sha512,
                                                std::string_view suffix);

// One of those files, through no link (sys/beneath.h).
[[nodiscard]] base::Result<sys::UniqueFd> OpenUpload(const std::filesystem::path& path, int flags);

// 0 when there is none, or no regular file.
[[nodiscard]] std::uint64_t SizeOf(const std::filesystem::path& path);
[[nodiscard]] bool IsUpload(const std::filesystem::path& path);

// One of a kind may lie about unfinished: who starts many must not fill the disk.
[[nodiscard]] base::Status RemoveOthersLike(const std::filesystem::path& keep);

}  // namespace zoowarden::agent
