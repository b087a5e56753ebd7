// A text signed with the key of a certificate of ours, and the proof that it was. Blocking; no
// state.
#pragma once

#include "base/error.h"
#include "pki/credentials.h"
#include "pki/identity.h"
#include "pki/x509.h"
#include "sys/clock.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace zoowarden::pki {

struct SignedText {
  std::string certificate_pem;
  std::string signature;  // ECDSA over SHA-256, DER, in hexadecimal
};

// `pki.wrong_key` when certificate and key do not belong together.
[[nodiscard]] base::Result<SignedText> SignText(const KeyPair& own, std::string_view text);

struct SignatureQuestion {
  std::string_view text;
  const SignedText& signed_text;
  Role role = Role::kApprover;  // whose signature counts
  std::string_view ensemble;
  std::string ca_pem;         // who may have issued the certificate
  std::filesystem::path crl;  // empty = no list is asked
};

// Who signed it. kPermissionDenied: `pki.wrong_signature`, `pki.wrong_role`, `pki.wrong_ensemble`,
// `pki.not_yet_valid`, or that the certificate is none of this CA's, has expired or was revoked
// (the reasons of FindIssuer and PeerJudge).
[[nodiscard]] base::Result<CertificateInfo> CheckSignature(const SignatureQuestion& question,
                                                           sys::Clock& clock);

}  // namespace zoowarden::pki
