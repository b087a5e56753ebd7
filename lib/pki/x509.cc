#include "pki/x509.h"

#include "base/check.h"
#include "base/text.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>
#include <span>

namespace zoowarden::pki {
namespace {

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
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

tl::unexpected<base::Error> LibraryError(const char* doing) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return base::Fail(
      base::ErrorCode::kInternal,
      "pki.openssl",
      std::string("cannot ") + doing + ": " + text.data() + "; check the installation of OpenSSL");
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

BioPtr BioOf(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// "CN=x, O=y" in the form of RFC 2253, which escapes control characters.
std::string NameText(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return TextOf(bio.get());
}

std::string EntryText(const X509_NAME* name, int nid) {
  const int index = X509_NAME_get_index_by_NID(name, nid, -1);
  if (index < 0) {
    return {};
  }
  const ASN1_STRING* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, data);
  if (size < 0) {
    return {};
  }
  std::string text(utf8, utf8 + size);
  OPENSSL_free(utf8);
  return text;
}

bool AddNameEntry(X509_NAME* name, const char* field, const std::string& value) {
  const std::vector<unsigned char> bytes(value.begin(), value.end());
  return value.empty() ||
         X509_NAME_add_entry_by_txt(
             name, field, MBSTRING_UTF8, bytes.data(), static_cast<int>(bytes.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// The URI is added as a value, not through OpenSSL's configuration text, where a comma would begin
// another name.
bool AddUri(X509* certificate, const std::string& uri) {
  const NamesPtr names(GENERAL_NAMES_new());
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, uri.data(), static_cast<int>(uri.size()));
  GENERAL_NAME_set0_value(name, GEN_URI, text);
  sk_GENERAL_NAME_push(names.get(), name);
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) ==
         1;
}

bool SetSerial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return false;
  }
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7FU) | 0x40U);  // positive, full length
  const std::unique_ptr<BIGNUM, Deleter<BN_free>> number(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

// Everything but issuer, extensions and signature.
base::Result<CertPtr> NewCertificate(const CertificateSpec& spec, EVP_PKEY* key) {
  CertPtr certificate(X509_new());
  X509* cert = certificate.get();
  ZW_CHECK(cert != nullptr, "no memory for a certificate");
  const bool good = X509_set_version(cert, X509_VERSION_3) == 1 && SetSerial(cert) &&
                    ASN1_TIME_set(X509_getm_notBefore(cert), spec.not_before.count()) != nullptr &&
                    ASN1_TIME_set(X509_getm_notAfter(cert), spec.not_after.count()) != nullptr &&
                    AddNameEntry(X509_get_subject_name(cert), "O", spec.organization) &&
                    AddNameEntry(X509_get_subject_name(cert), "CN", spec.common_name) &&
                    X509_set_pubkey(cert, key) == 1;
  if (!good) {
    return LibraryError("fill in a certificate");
  }
  return certificate;
}

base::Result<KeyPair> SignAndPrint(X509* certificate, EVP_PKEY* key, EVP_PKEY* signer) {
  const BioPtr cert_text(BIO_new(BIO_s_mem()));
  const BioPtr key_text(BIO_new(BIO_s_secmem()));
  if (X509_sign(certificate, signer, EVP_sha256()) == 0 ||
      PEM_write_bio_X509(cert_text.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return LibraryError("sign a certificate");
  }
  return KeyPair{.certificate_pem = TextOf(cert_text.get()), .key_pem = TextOf(key_text.get())};
}

base::Result<KeyPtr> NewKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return LibraryError("make an EC P-256 key");
  }
  return key;
}

base::Result<CertPtr> ReadCertificate(const std::string& pem) {
  CertPtr certificate(PEM_read_bio_X509(BioOf(pem).get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    ERR_clear_error();
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "pki.not_a_certificate",
                      "this is not a PEM certificate; make one with 'zoowarden pki issue'");
  }
  return certificate;
}

base::Result<UnixTime> ToUnixTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return LibraryError("read the time of a certificate");
  }
  return UnixTime(::timegm(&parts));
}

// Without terminal conversion of the password prompt: an encrypted key is refused, not asked for.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

// Null when there is no key in the text or it belongs to another certificate.
KeyPtr ReadKeyOf(const X509* certificate, const std::string& pem) {
  KeyPtr key(PEM_read_bio_PrivateKey(BioOf(pem).get(), nullptr, &NoPassword, nullptr));
  if (key != nullptr && X509_check_private_key(certificate, key.get()) != 1) {
    key.reset();
  }
  ERR_clear_error();
  return key;
}

}  // namespace

base::Result<KeyPair> MakeCa(const CertificateSpec& spec) {
  ZW_ASSIGN(const KeyPtr key, NewKey());
  ZW_ASSIGN(const CertPtr owned, NewCertificate(spec, key.get()));
  X509* cert = owned.get();
  if (X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1 ||
      !AddExtension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddExtension(cert, cert, NID_subject_key_identifier, "hash")) {
    return LibraryError("describe a CA");
  }
  return SignAndPrint(cert, key.get(), key.get());
}

base::Result<KeyPair> MakeCertificate(const KeyPair& ca, const CertificateSpec& spec) {
  ZW_ASSIGN(const CertPtr ca_cert, ReadCertificate(ca.certificate_pem));
  const KeyPtr ca_key = ReadKeyOf(ca_cert.get(), ca.key_pem);
  if (ca_key == nullptr) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.wrong_key",
                      "the CA's key does not belong to its certificate; restore both from one "
                      "backup");
  }
  ZW_ASSIGN(const KeyPtr key, NewKey());
  ZW_ASSIGN(const CertPtr owned, NewCertificate(spec, key.get()));
  X509* cert = owned.get();
  const char* usage = spec.for_servers && spec.for_clients ? "serverAuth,clientAuth"
                      : spec.for_servers                   ? "serverAuth"
                                                           : "clientAuth";
  if (X509_set_issuer_name(cert, X509_get_subject_name(ca_cert.get())) != 1 ||
      !AddExtension(cert, ca_cert.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(cert, ca_cert.get(), NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(cert, ca_cert.get(), NID_ext_key_usage, usage) ||
      !AddExtension(cert, ca_cert.get(), NID_subject_key_identifier, "hash") ||
      !AddExtension(cert, ca_cert.get(), NID_authority_key_identifier, "keyid:always") ||
      (!spec.uri.empty() && !AddUri(cert, spec.uri))) {
    return LibraryError("describe a certificate");
  }
  return SignAndPrint(cert, key.get(), ca_key.get());
}

base::Status CheckPair(const KeyPair& pair, const std::string& ca_pem) {
  ZW_ASSIGN(const CertPtr certificate, ReadCertificate(pair.certificate_pem));
  ZW_ASSIGN(const CertPtr ca, ReadCertificate(ca_pem));
  if (ReadKeyOf(certificate.get(), pair.key_pem) == nullptr) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.wrong_key",
                      "the key does not belong to the certificate; put both from one issue there");
  }
  if (X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) != 1) {
    ERR_clear_error();
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.wrong_ca",
                      "the certificate was not issued by this CA; put all three files from one "
                      "issue there");
  }
  return base::Ok();
}

base::Result<CertificateInfo> ParseCertificate(const std::string& pem) {
  ZW_ASSIGN(const CertPtr owned, ReadCertificate(pem));
  X509* cert = owned.get();
  CertificateInfo info;
  info.subject = NameText(X509_get_subject_name(cert));
  info.organization = EntryText(X509_get_subject_name(cert), NID_organizationName);
  info.issuer = NameText(X509_get_issuer_name(cert));
  info.is_ca = X509_check_ca(cert) == 1;
  ZW_ASSIGN(info.not_before, ToUnixTime(X509_get0_notBefore(cert)));
  ZW_ASSIGN(info.not_after, ToUnixTime(X509_get0_notAfter(cert)));
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) {
      const ASN1_STRING* uri = name->d.uniformResourceIdentifier;
      const unsigned char* data = ASN1_STRING_get0_data(uri);
      info.uris.emplace_back(data, data + ASN1_STRING_length(uri));
    }
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(cert, EVP_sha256(), digest.data(), &size) != 1) {
    return LibraryError("take the fingerprint of a certificate");
  }
  info.fingerprint = base::Hex(std::span(digest).first(size));
  return info;
}

}  // namespace zoowarden::pki
