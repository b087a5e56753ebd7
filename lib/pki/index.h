// What a CA has promised: every certificate by its serial, and every enrolment token. The file
// index.json beside ca.pem; see docs/formats.md. Values; reading and writing block.
//
// A serial is written here before its certificate exists, so no certificate can be unknown to the
// CA that must revoke it.
#pragma once

#include "base/error.h"
#include "pki/x509.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace zoowarden::pki {

struct IssuedCertificate {
  std::string serial;  // lower-case hexadecimal
  std::string name;    // its URI
  UnixTime not_before{0};
  UnixTime not_after{0};
  std::optional<UnixTime> revoked;
};

struct IssuedToken {
  std::string id;
  std::string secret_sha256;  // the secret itself is with whoever got the token
  std::string name;           // the URI that its certificate will have
  UnixTime expires{0};
  std::optional<UnixTime> used;
  std::string serial;  // of the certificate that it was used for
};

struct Index {
  std::uint64_t crl_number = 0;  // of the last revocation list
  std::vector<IssuedCertificate> certificates;
  std::vector<IssuedToken> tokens;
};

// Errors: `pki.no_index`, `pki.damaged_index`, `pki.unknown_index_format`.
[[nodiscard]] base::Result<Index> ReadIndex(const std::filesystem::path& ca_directory);
// Mode 0600, whole or not at all.
[[nodiscard]] base::Status WriteIndex(const std::filesystem::path& ca_directory,
                                      const Index& index);

}  // namespace zoowarden::pki
