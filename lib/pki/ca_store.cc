#include "pki/ca_store.h"

#include "pki/authority.h"
#include "sys/errno_error.h"
#include "sys/files.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace zoowarden::pki {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPem = 256 * 1024;
constexpr std::chrono::milliseconds kLockWait{10'000};
constexpr std::chrono::milliseconds kLockPause{100};

base::Result<std::string> ReadOfCa(const fs::path& file) {
  auto content = sys::ReadFile(file, kMaxPem);
  if (!content && content.error().Is(base::ErrorCode::kNotFound)) {
    return base::Fail(base::ErrorCode::kNotFound,
                      "pki.no_ca",
                      file.native() + " is missing; make a CA with 'zoowarden pki init'");
  }
  return content;
}

base::Result<sys::UniqueFd> LockOf(const fs::path& directory, sys::Clock& clock) {
  // The directory itself: there is no lock file that somebody could remove.
  sys::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return base::Fail(sys::ErrnoError("open", directory.native(), errno));
  }
  const auto until = clock.BootTime() + kLockWait;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return base::Fail(sys::ErrnoError("lock", directory.native(), errno));
    }
    if (clock.BootTime() >= until) {
      return base::Fail(base::ErrorCode::kUnavailable,
                        "pki.busy",
                        "another zoowarden works on the CA in " + directory.native() +
                            "; wait for it to end, then repeat the command");
    }
    clock.SleepFor(kLockPause);
  }
  return fd;
}

// For people who read a certificate; only the URI counts.
std::string CommonName(const Identity& identity) {
  std::string name(RoleName(identity.role));
  return identity.server ? name + " " + std::to_string(*identity.server) : name;
}

}  // namespace

base::Result<CaStore> CaStore::Open(const fs::path& directory, sys::Clock& clock) {
  const fs::path certificate = directory / "ca.pem";
  ZW_TRY(ReadOfCa(certificate));
  ZW_ASSIGN(sys::UniqueFd lock, LockOf(directory, clock));
  CaStore store(directory, std::move(lock), clock);
  ZW_ASSIGN(store.pair_.certificate_pem, ReadOfCa(certificate));
  ZW_ASSIGN(store.pair_.key_pem, ReadOfCa(directory / "ca.key"));
  ZW_ASSIGN(store.info_, pki::Describe(certificate));
  if (!store.info_.is_ca || !CheckEnsembleName(store.info_.organization)) {
    return base::Fail(
        base::ErrorCode::kFailedPrecondition,
        "pki.no_ca",
        certificate.native() + " is not a CA of an ensemble; make one with 'zoowarden pki init'");
  }
  ZW_TRY(CheckPair(store.pair_, store.pair_.certificate_pem));
  ZW_ASSIGN(store.index_, ReadIndex(directory));
  return store;
}

UnixTime CaStore::Now() const { return std::chrono::duration_cast<UnixTime>(clock_->WallTime()); }

base::Status CaStore::Save(Index index) {
  ZW_TRY(WriteIndex(directory_, index));
  index_ = std::move(index);
  return base::Ok();
}

base::Result<CertificateSpec> CaStore::Describe(const Identity& identity, UnixTime lifetime) const {
  // Printing and parsing again holds the request to the same rules as a peer's certificate.
  ZW_TRY(ParseIdentity(identity.ToUri()));
  const UnixTime not_after = Now() + lifetime;
  if (lifetime.count() <= 0 || not_after > info_.not_after) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "pki.outlives_ca",
                      "a certificate of " + std::to_string(lifetime / Days(1)) +
                          " days must live at least a day and not longer than its CA; change its "
                          "lifetime or make a new CA");
  }
  return CertificateSpec{.serial = NewSerial(),
                         .organization = ensemble(),
                         .common_name = CommonName(identity),
                         .uri = identity.ToUri(),
                         .for_servers = identity.role == Role::kAgent,
                         .for_clients = true,
                         .not_before = Now() - kBackdate,
                         .not_after = not_after};
}

Index CaStore::IndexWith(const CertificateSpec& spec) const {
  Index index = index_;
  index.certificates.push_back({.serial = spec.serial,
                                .name = spec.uri,
                                .not_before = spec.not_before,
                                .not_after = spec.not_after,
                                .revoked = std::nullopt});
  return index;
}

}  // namespace zoowarden::pki
