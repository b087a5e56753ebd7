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
  std::string serial;  // from NewSerial
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
  // Hexadecimal, lower-case:
  std::string serial;
  std::string fingerprint;    // SHA-256 of the DER form
  std::string key_id;         // of its own key
  std::string issuer_key_id;  // of the CA's key; empty when it does not say
  bool is_ca = false;
};

// 128 random bits: no counter to lose, and nobody can guess the next one.
[[nodiscard]] std::string NewSerial();

// A self-signed CA that may sign certificates and revocation lists only, no further CAs.
[[nodiscard]] base::Result<KeyPair> MakeCa(const CertificateSpec& spec);

// A new key and its certificate, signed by `ca`. kFailedPrecondition when key and certificate of
// the CA do not belong together.
[[nodiscard]] base::Result<KeyPair> MakeCertificate(const KeyPair& ca, const CertificateSpec& spec);

// The certificates of a text with several of them (two CAs while one replaces the other), each as
// a text of its own. `pki.not_a_certificate` when one cannot be read.
[[nodiscard]] base::Result<std::vector<std::string>> SplitBundle(const std::string& pem);

// The CA of the bundle that has signed the certificate; `pki.wrong_ca` when none has.
[[nodiscard]] base::Result<CertificateInfo> FindIssuer(const std::string& certificate_pem,
                                                       const std::string& ca_pem);

// FindIssuer, and whether the key belongs to the certificate: `pki.wrong_key`.
[[nodiscard]] base::Result<CertificateInfo> CheckPair(const KeyPair& pair,
                                                      const std::string& ca_pem);

// kInvalidArgument `pki.not_a_certificate` when the text does not begin with one.
[[nodiscard]] base::Result<CertificateInfo> ParseCertificate(const std::string& pem);

}  // namespace zoowarden::pki
