// What a process shows its peers: its certificate and key, and the CA that its peers must be from.
#pragma once

#include "base/error.h"
#include "pki/identity.h"
#include "pki/x509.h"
#include "sys/clock.h"

#include <filesystem>
#include <string>

namespace zoowarden::pki {

struct CredentialFiles {
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;
};

// ca.pem, cert.pem and key.pem, as `zoowarden pki issue` writes them.
[[nodiscard]] CredentialFiles FilesIn(const std::filesystem::path& directory);

struct Credentials {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
  Identity identity;         // of the certificate
  CertificateInfo info;      // the certificate
  UnixTime ca_not_after{0};  // of the CA that issued it
};

// The CA's file may hold several CAs. Reads and checks the files, so that a mistake is named here
// and not seen as failing handshakes. Every error names the file: unreadable ones with sys's
// reasons, `pki.not_a_certificate`, `pki.bad_identity` (not exactly one URI of our form),
// `pki.wrong_key`, `pki.wrong_ca`, `pki.expired`, `pki.not_yet_valid`.
[[nodiscard]] base::Result<Credentials> LoadCredentials(const CredentialFiles& files,
                                                        sys::Clock& clock);

// Its two halves: what the files hold, and what LoadCredentials checks of that.
[[nodiscard]] base::Result<Credentials> ReadCredentialTexts(const CredentialFiles& files);
[[nodiscard]] base::Status CheckCredentials(const CredentialFiles& files,
                                            Credentials& credentials,
                                            sys::Clock& clock);

}  // namespace zoowarden::pki
