#include "rpc/tls_memory.h"

#include "base/check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace zoowarden::rpc {
namespace {

constexpr unsigned int kWatchSeconds = 1;

sys::UniqueFd MemoryOf(std::string_view content, std::time_t modified) {
  sys::UniqueFd fd(::memfd_create("zoowarden-credentials", MFD_CLOEXEC));
  ZW_CHECK(fd.valid(), "no memory file for the credentials");
  while (!content.empty()) {
    const ssize_t written = ::write(fd.get(), content.data(), content.size());
    ZW_CHECK(written > 0 || errno == EINTR, "no memory for the credentials");
    content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  const std::array<timespec, 2> times{
      {{.tv_sec = modified, .tv_nsec = 0}, {.tv_sec = modified, .tv_nsec = 0}}};
  ZW_CHECK(::futimens(fd.get(), times.data()) == 0, "the credentials' time cannot be set");
  return fd;
}

}  // namespace

void TlsMemory::File::Put(const std::string& content, std::time_t modified) {
  sys::UniqueFd fresh = MemoryOf(content, modified);
  if (!fd_.valid()) {
    fd_ = std::move(fresh);
    return;
  }
  // Whoever opens the path gets the old file or the new one, each whole.
  ZW_CHECK(::dup3(fresh.get(), fd_.get(), O_CLOEXEC) == fd_.get(),
           "the credentials were not exchanged");
}

std::string TlsMemory::File::path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

TlsMemory::TlsMemory(const pki::Credentials& first) { Put(first); }

void TlsMemory::Put(const pki::Credentials& credentials) {
  const std::lock_guard lock(mutex_);
  ++modified_;
  ca_.Put(credentials.ca_pem, modified_);
  identity_.Put(credentials.key_pem + "\n" + credentials.certificate_pem, modified_);
}

std::shared_ptr<grpc::experimental::CertificateProviderInterface> TlsMemory::MakeProvider() const {
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      identity_.path(), identity_.path(), ca_.path(), kWatchSeconds);
}

}  // namespace zoowarden::rpc
