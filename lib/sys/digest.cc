#include "sys/digest.h"

#include "base/check.h"
#include "base/text.h"
#include "sys/errno_error.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <span>

namespace zoowarden::sys {

struct Hasher::Impl {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
};

Hasher::Hasher(Hash hash) : impl_(std::make_unique<Impl>()) {
  const EVP_MD* algorithm = hash == Hash::kSha256 ? EVP_sha256() : EVP_sha512();
  ZW_CHECK(EVP_DigestInit_ex(impl_->context.get(), algorithm, nullptr) == 1,
           "the cryptographic library has no SHA-2");
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::Update(std::string_view bytes) {
  ZW_CHECK(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) == 1,
           "a digest refused its input");
}

std::string Hasher::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ZW_CHECK(EVP_DigestFinal_ex(impl_->context.get(), digest.data(), &size) == 1,
           "a digest could not be finished");
  return base::Hex(std::span(digest).first(size));
}

std::string Digest(Hash hash, std::string_view bytes) {
  Hasher hasher(hash);
  hasher.Update(bytes);
  return hasher.Finish();
}

base::Result<std::string> DigestFile(Hash hash, const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return base::Fail(ErrnoError("read", path.native(), errno));
  }
  return DigestDescriptor(hash, file.get(), path);
}

base::Result<std::string> DigestDescriptor(Hash hash, int fd, const std::filesystem::path& path) {
  Hasher hasher(hash);
  std::array<char, 64 * 1024> piece{};
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got == 0) {
      return hasher.Finish();
    }
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return base::Fail(ErrnoError("read", path.native(), errno));
    }
    hasher.Update({piece.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace zoowarden::sys
