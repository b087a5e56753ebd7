// Certificate requests (PKCS #10): how a key gets a certificate without leaving its machine.
#pragma once

#include "base/error.h"
#include "pki/x509.h"

#include <string>

namespace zoowarden::pki {

struct NewRequest {
  std::string key_pem;      // stays here
  std::string request_pem;  // goes to the CA
};

// A new key and a request for it. The request carries no name: the CA knows it.
[[nodiscard]] base::Result<NewRequest> MakeRequest();

// A certificate that says what `spec` says, for the key of the request. Whatever names the request
// has are not looked at. `pki.bad_request` when it is none, when whoever made it does not have the
// key, or when that is not an EC P-256 key.
[[nodiscard]] base::Result<std::string> SignRequest(const KeyPair& ca,
                                                    const std::string& request_pem,
                                                    const CertificateSpec& spec);

// The same checks, before anything is changed.
[[nodiscard]] base::Status CheckRequest(const std::string& request_pem);

}  // namespace zoowarden::pki
