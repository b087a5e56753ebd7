// Revocation lists: what a CA says of certificates that it takes back, as PEM texts.
#pragma once

#include "base/error.h"
#include "pki/x509.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace zoowarden::pki {

struct RevokedCertificate {
  std::string serial;
  UnixTime when{0};
};

struct CrlSpec {
  std::uint64_t number = 0;  // higher than that of every list before
  UnixTime this_update{0};
  UnixTime not_after{0};
  std::vector<RevokedCertificate> revoked;
};

// A list signed by the CA.
[[nodiscard]] base::Result<std::string> MakeCrl(const KeyPair& ca, const CrlSpec& spec);

struct Crl {
  std::string issuer_key_id;  // whose certificates it is about
  std::uint64_t number = 0;
  UnixTime not_after{0};  // nothing can be concluded from it later
  std::set<std::string> serials;
};

struct SignedCrls {
  std::vector<Crl> lists;
  bool others = false;  // the text has lists of other CAs too
};

// Those of a text that the CAs of the bundle have signed, be they too few or too many. Error:
// `pki.crl_unreadable`.
[[nodiscard]] base::Result<SignedCrls> ReadSignedCrls(const std::string& crl_pem,
                                                      const std::string& ca_pem);
// `pki.crl_foreign`, `pki.crl_incomplete`: some certificates could not be judged.
[[nodiscard]] base::Status CheckComplete(const SignedCrls& crls, const std::string& ca_pem);

// The lists of a text that the CAs of the bundle have signed, one for each: with one missing, its
// certificates could not be judged. Lists of other CAs say nothing here and are left out, so that
// the text can be in place before a CA is added and after one was removed. Errors:
// `pki.crl_unreadable` (not a list, or one without number, end or issuer), `pki.crl_foreign`,
// `pki.crl_incomplete`.
[[nodiscard]] base::Result<std::vector<Crl>> ParseCrls(const std::string& crl_pem,
                                                       const std::string& ca_pem);

}  // namespace zoowarden::pki
