// SHA-2 digests (OpenSSL), as lower-case hexadecimal text.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace zoowarden::sys {

enum class Hash { kSha256, kSha512 };

[[nodiscard]] std::string Digest(Hash hash, std::string_view bytes);
// Streams the file in 64 KiB pieces, so memory stays flat whatever its size.
[[nodiscard]] base::Result<std::string> DigestFile(Hash hash, const std::filesystem::path& path);

// The same from an open descriptor, from where it stands; `path` is for the error.
[[nodiscard]] base::Result<std::string> DigestDescriptor(Hash hash,
                                                         int fd,
                                                         const std::filesystem::path& path);

// For bytes that arrive in pieces. One thread at a time; Finish ends its use.
class Hasher {
 public:
  explicit Hasher(Hash hash);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void Update(std::string_view bytes);
  [[nodiscard]] std::string Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoowarden::sys
