// The bytes of a tar archive file, below gzip where it is packed so, hashed as they pass. Stops at
// a bomb after the first bytes too many, whatever the headers inside declare.
#pragma once

#include "agent/install/entry_policy.h"
#include "base/error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace zoowarden::agent {

class PackedStream {
 public:
  // `fd`: open for reading at its beginning, not closed. One thread at a time.
  PackedStream(int fd, std::uint64_t archive_bytes, const ArchiveLimits& limits);
  ~PackedStream();
  PackedStream(const PackedStream&) = delete;
  PackedStream& operator=(const PackedStream&) = delete;

  // The next bytes, valid until the next call; empty at the end. Errors: `archive.truncated`,
  // `archive.damaged` (gzip's own checks), `archive.trailing_data` (behind the gzip member),
  // `archive.ratio`, `archive.too_large`, errno's.
  [[nodiscard]] base::Result<std::string_view> Next();

  // Of what Next has given so far: how much, and where the zeros at its end begin.
  [[nodiscard]] std::uint64_t given() const;
  [[nodiscard]] std::uint64_t end_of_data() const;

  // SHA-512 of the whole file, once Next has given everything.
  [[nodiscard]] std::string FinishDigest();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoowarden::agent
