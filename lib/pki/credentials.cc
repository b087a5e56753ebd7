#include "pki/credentials.h"

#include "sys/files.h"

#include <chrono>

namespace zoowarden::pki {
namespace {

constexpr std::size_t kMaxPem = 256 * 1024;

base::Status CheckTimes(const CertificateInfo& info, sys::Clock& clock) {
  const auto now = std::chrono::duration_cast<UnixTime>(clock.WallTime());
  if (now > info.not_after) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.expired",
                      "this certificate has expired; issue a new one with 'zoowarden pki issue'");
  }
  if (now < info.not_before) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.not_yet_valid",
                      "this certificate is not valid yet; check this machine's clock");
  }
  return base::Ok();
}

base::Result<Identity> IdentityOf(const CertificateInfo& info) {
  if (info.uris.size() != 1) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "pki.bad_identity",
                      "this certificate has " + std::to_string(info.uris.size()) +
                          " URI names instead of one; issue one with 'zoowarden pki issue'");
  }
  return ParseIdentity(info.uris.front());
}

// Fills in what the texts say.
base::Status Check(Credentials& credentials, sys::Clock& clock) {
  ZW_ASSIGN(credentials.info, ParseCertificate(credentials.certificate_pem));
  ZW_ASSIGN(credentials.identity, IdentityOf(credentials.info));
  ZW_TRY(CheckTimes(credentials.info, clock));
  ZW_ASSIGN(
      const auto ca,
      CheckPair({.certificate_pem = credentials.certificate_pem, .key_pem = credentials.key_pem},
                credentials.ca_pem));
  credentials.ca_not_after = ca.not_after;
  return base::Ok();
}

}  // namespace

CredentialFiles FilesIn(const std::filesystem::path& directory) {
  return {.ca = directory / "ca.pem",
          .certificate = directory / "cert.pem",
          .key = directory / "key.pem"};
}

base::Result<Credentials> LoadCredentials(const CredentialFiles& files, sys::Clock& clock) {
  ZW_ASSIGN(Credentials credentials, ReadCredentialTexts(files));
  ZW_TRY(CheckCredentials(files, credentials, clock));
  return credentials;
}

base::Result<Credentials> ReadCredentialTexts(const CredentialFiles& files) {
  Credentials credentials;
  ZW_ASSIGN(credentials.ca_pem, sys::ReadFile(files.ca, kMaxPem));
  ZW_ASSIGN(credentials.certificate_pem, sys::ReadFile(files.certificate, kMaxPem));
  ZW_ASSIGN(credentials.key_pem, sys::ReadFile(files.key, kMaxPem));
  return credentials;
}

base::Status CheckCredentials(const CredentialFiles& files,
                              Credentials& credentials,
                              sys::Clock& clock) {
  if (const auto cas = SplitBundle(credentials.ca_pem); !cas) {
    return base::Fail(cas.error().WithContext(files.ca.native()));
  }
  if (const auto good = Check(credentials, clock); !good) {
    return base::Fail(good.error().WithContext(files.certificate.native()));
  }
  return base::Ok();
}

}  // namespace zoowarden::pki
