#include "pki/revocation.h"

#include "base/text.h"
#include "pki/ca_store.h"
#include "pki/crl.h"
#include "sys/files.h"

#include <algorithm>
#include <optional>
#include <system_error>

namespace zoowarden::pki {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPem = 256 * 1024;
constexpr mode_t kPublic = 0644;

bool IsSerial(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The entry that the file's certificate has in the index, or would have.
base::Result<IssuedCertificate> EntryOf(const CaStore& ca, const fs::path& file) {
  ZW_ASSIGN(const std::string pem, sys::ReadFile(file, kMaxPem));
  const auto issuer = FindIssuer(pem, ca.pair().certificate_pem);
  if (!issuer) {
    return base::Fail(issuer.error().WithContext(file.native()));
  }
  ZW_ASSIGN(const CertificateInfo info, ParseCertificate(pem));
  return IssuedCertificate{.serial = info.serial,
                           .name = info.uris.empty() ? info.subject : info.uris.front(),
                           .not_before = info.not_before,
                           .not_after = info.not_after,
                           .revoked = std::nullopt};
}

auto Find(Index& index, const std::string& serial) {
  return std::find_if(index.certificates.begin(),
                      index.certificates.end(),
                      [&](const IssuedCertificate& one) { return one.serial == serial; });
}

}  // namespace

base::Result<IssuedCertificate> Revoke(const fs::path& ca_directory,
                                       const std::string& what,
                                       sys::Clock& clock) {
  ZW_ASSIGN(CaStore ca, CaStore::Open(ca_directory, clock));
  Index index = ca.index();
  auto entry = IsSerial(what) ? Find(index, what) : index.certificates.end();
  std::error_code ignored;
  if (entry == index.certificates.end()) {
    if (IsSerial(what) && !fs::exists(what, ignored)) {
      return base::Fail(base::ErrorCode::kNotFound,
                        "pki.unknown_serial",
                        "the CA in " + ca_directory.native() + " has issued no certificate " +
                            base::Printable(what, 80) +
                            "; see 'zoowarden pki status --dir', or name the certificate's file");
    }
    ZW_ASSIGN(auto from_file, EntryOf(ca, what));
    entry = Find(index, from_file.serial);
    if (entry == index.certificates.end()) {
      entry = index.certificates.insert(entry, std::move(from_file));
    }
  }
  if (!entry->revoked) {
    entry->revoked = ca.Now();
  }
  IssuedCertificate revoked = *entry;
  ZW_TRY(ca.Save(std::move(index)));
  return revoked;
}

base::Result<WrittenCrl> WriteCrl(const CrlRequest& request, sys::Clock& clock) {
  ZW_ASSIGN(CaStore ca, CaStore::Open(request.ca_directory, clock));
  if (request.lifetime.count() <= 0) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "pki.outlives_ca",
                      "a revocation list must live at least a day; change its lifetime");
  }
  Index index = ca.index();
  CrlSpec spec{.number = ++index.crl_number,
               .this_update = ca.Now(),
               .not_after = ca.Now() + request.lifetime};
  for (const auto& one : index.certificates) {
    if (one.revoked) {
      spec.revoked.push_back({.serial = one.serial, .when = *one.revoked});
    }
  }
  ZW_ASSIGN(const std::string pem, MakeCrl(ca.pair(), spec));
  // The number first: two lists with one number could not be told apart.
  ZW_TRY(ca.Save(std::move(index)));
  ZW_TRY(sys::WriteFileAtomically(request.out, pem, kPublic));
  return WrittenCrl{
      .number = spec.number, .revoked = spec.revoked.size(), .not_after = spec.not_after};
}

}  // namespace zoowarden::pki
