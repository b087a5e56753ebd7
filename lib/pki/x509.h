// X.509 certificates with EC P-256 keys, as PEM texts (OpenSSL's library stays in the .cc).
//
// This is the mechanism; what a certificate of ours must say is decided in authority.h.
#pragma once

#include "base/error.h"

#include <chrono>
#include <string>
#include <vector>

namespace zoowarden::pki {

// Seconds since 1970 (UTC).
using UnixTime = std::chrono::seconds;

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;  // PKCS #8, not encrypted: the file's mode protects it
};

struct CertificateSpec {
  std::string organization;
  std::string common_name;
  std::string uri;  // the one SAN; empty = none
  bool for_servers = false;
  bool for_clients = false;
  UnixTime not_before{0};
  UnixTime not_after{0};
};

struct CertificateInfo {
  std::string subject;
  std::string organization;
  std::string issuer;
  std::vector<std::string> uris;
  UnixTime not_before{0};
  UnixTime not_after{0};
  std::string fingerprint;  // SHA-256 of the DER form, lower-case hexadecimal
  bool is_ca = false;
};

// A self-signed CA that may sign certificates only, no further CAs.
[[nodiscard]] base::Result<KeyPair> MakeCa(const CertificateSpec& spec);

// A new key and its certificate, signed by `ca`. kFailedPrecondition when key and certificate of
// the CA do not belong together.
[[nodiscard]] base::Result<KeyPair> MakeCertificate(const KeyPair& ca, const CertificateSpec& spec);

// Whether the key belongs to the certificate and the CA has signed it. Errors: `pki.wrong_key`,
// `pki.wrong_ca`, `pki.not_a_certificate`.
[[nodiscard]] base::Status CheckPair(const KeyPair& pair, const std::string& ca_pem);

// kInvalidArgument `pki.not_a_certificate` when the text does not begin with one.
[[nodiscard]] base::Result<CertificateInfo> ParseCertificate(const std::string& pem);

}  // namespace zoowarden::pki
