// What the .cc files of this component share around OpenSSL; included by nothing else.
#pragma once

#include "base/error.h"
#include "pki/x509.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace zoowarden::pki {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Deleter<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using NumberPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, Deleter<ASN1_INTEGER_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

// `pki.openssl` with the library's own words, which are taken off its queue.
[[nodiscard]] tl::unexpected<base::Error> LibraryError(const char* doing);

[[nodiscard]] BioPtr BioOf(const std::string& text);  // reads `text`, which must outlive it
[[nodiscard]] std::string TextOf(BIO* memory);
[[nodiscard]] base::Result<UnixTime> ToUnixTime(const ASN1_TIME* time);
// Lower-case hexadecimal without leading zeros, as `openssl x509 -serial` names it but for case.
[[nodiscard]] std::string NumberText(const ASN1_INTEGER* number);
// nullptr when the text is no hexadecimal number.
[[nodiscard]] IntegerPtr NumberOf(const std::string& hexadecimal);
[[nodiscard]] ExtensionPtr MakeExtension(X509* issuer, X509* subject, int nid, const char* value);

[[nodiscard]] base::Result<CertPtr> ReadCertificate(const std::string& pem);
[[nodiscard]] base::Result<KeyPtr> NewKey();
[[nodiscard]] base::Result<std::string> PrintKey(EVP_PKEY* key);
// nullptr when there is no key in the text or it belongs to another certificate.
[[nodiscard]] KeyPtr ReadKeyOf(const X509* certificate, const std::string& pem);

struct Signer {
  CertPtr certificate;
  KeyPtr key;
};
// kFailedPrecondition `pki.wrong_key` when key and certificate do not belong together.
[[nodiscard]] base::Result<Signer> ReadSigner(const KeyPair& ca);

// The certificate for the public half of `key`, signed by the CA.
[[nodiscard]] base::Result<std::string> SignKey(const KeyPair& ca,
                                                EVP_PKEY* key,
                                                const CertificateSpec& spec);

}  // namespace zoowarden::pki
