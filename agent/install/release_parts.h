// What lies in uploads/ under the SHA-512 of an archive. What a controller sends and what is
// downloaded have files of their own: neither is ever written by two.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace zoowarden::agent {

inline constexpr std::string_view kPartSuffix = ".part";    // sent so far
inline constexpr std::string_view kFetchSuffix = ".fetch";  // downloaded so far
inline constexpr std::string_view kArchiveSuffix = ".archive";
inline constexpr std::string_view kSignatureSuffix = ".signature";

[[nodiscard]] std::filesystem::path UploadsPath(const std::filesystem::path& uploads,
                                                std::string_view sha512,
                                                std::string_view suffix);

// nullopt when there is none, or no regular file. Whatever else keeps it from being seen is an
// error: what is whole must not pass for missing.
[[nodiscard]] base::Result<std::optional<std::uint64_t>> SizeOf(const std::filesystem::path& path);

// For which something may be dropped; a want of descriptors, say, is not one.
[[nodiscard]] bool IsWantOfRoom(const base::Error& error);

// One of a kind may lie about unfinished: who starts many must not fill the disk.
[[nodiscard]] base::Status RemoveOthersLike(const std::filesystem::path& keep);

}  // namespace zoowarden::agent
