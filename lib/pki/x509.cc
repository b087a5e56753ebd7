#include "pki/x509.h"

#include "base/check.h"
#include "base/text.h"
#include "pki/openssl_adapter.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <span>
#include <string_view>

namespace zoowarden::pki {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

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
  const ExtensionPtr extension = MakeExtension(issuer, certificate, nid, value);
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

bool SetSerial(X509* certificate, const std::string& serial) {
  const IntegerPtr number = NumberOf(serial);
  return number != nullptr && X509_set_serialNumber(certificate, number.get()) == 1;
}

// Everything but issuer, extensions and signature.
base::Result<CertPtr> NewCertificate(const CertificateSpec& spec, EVP_PKEY* key) {
  CertPtr certificate(X509_new());
  X509* cert = certificate.get();
  ZW_CHECK(cert != nullptr, "no memory for a certificate");
  const bool good = X509_set_version(cert, X509_VERSION_3) == 1 && SetSerial(cert, spec.serial) &&
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

base::Result<std::string> SignAndPrint(X509* certificate, EVP_PKEY* signer) {
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (X509_sign(certificate, signer, EVP_sha256()) == 0 ||
      PEM_write_bio_X509(text.get(), certificate) != 1) {
    return LibraryError("sign a certificate");
  }
  return TextOf(text.get());
}

std::string IdText(const ASN1_OCTET_STRING* id) {
  if (id == nullptr) {
    return {};
  }
  const unsigned char* data = ASN1_STRING_get0_data(id);
  return base::Hex({data, data + ASN1_STRING_length(id)});
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
  KeyPair pair;
  ZW_ASSIGN(pair.certificate_pem, SignAndPrint(cert, key.get()));
  ZW_ASSIGN(pair.key_pem, PrintKey(key.get()));
  return pair;
}

base::Result<KeyPair> MakeCertificate(const KeyPair& ca, const CertificateSpec& spec) {
  ZW_ASSIGN(const KeyPtr key, NewKey());
  KeyPair pair;
  ZW_ASSIGN(pair.certificate_pem, SignKey(ca, key.get(), spec));
  ZW_ASSIGN(pair.key_pem, PrintKey(key.get()));
  return pair;
}

base::Result<std::string> SignKey(const KeyPair& ca, EVP_PKEY* key, const CertificateSpec& spec) {
  ZW_ASSIGN(const Signer signer, ReadSigner(ca));
  ZW_ASSIGN(const CertPtr owned, NewCertificate(spec, key));
  X509* cert = owned.get();
  X509* issuer = signer.certificate.get();
  const char* usage = spec.for_servers && spec.for_clients ? "serverAuth,clientAuth"
                      : spec.for_servers                   ? "serverAuth"
                                                           : "clientAuth";
  if (X509_set_issuer_name(cert, X509_get_subject_name(issuer)) != 1 ||
      !AddExtension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(cert, issuer, NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(cert, issuer, NID_ext_key_usage, usage) ||
      !AddExtension(cert, issuer, NID_subject_key_identifier, "hash") ||
      !AddExtension(cert, issuer, NID_authority_key_identifier, "keyid:always") ||
      (!spec.uri.empty() && !AddUri(cert, spec.uri))) {
    return LibraryError("describe a certificate");
  }
  return SignAndPrint(cert, signer.key.get());
}

base::Result<CertificateInfo> CheckPair(const KeyPair& pair, const std::string& ca_pem) {
  ZW_ASSIGN(const CertPtr certificate, ReadCertificate(pair.certificate_pem));
  if (ReadKeyOf(certificate.get(), pair.key_pem) == nullptr) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.wrong_key",
                      "the key does not belong to the certificate; put both from one issue there");
  }
  return FindIssuer(pair.certificate_pem, ca_pem);
}

base::Result<CertificateInfo> FindIssuer(const std::string& certificate_pem,
                                         const std::string& ca_pem) {
  ZW_ASSIGN(const CertPtr certificate, ReadCertificate(certificate_pem));
  ZW_ASSIGN(const std::vector<std::string> cas, SplitBundle(ca_pem));
  for (const std::string& pem : cas) {
    ZW_ASSIGN(const CertPtr ca, ReadCertificate(pem));
    const bool signed_by = X509_check_ca(ca.get()) == 1 &&
                           X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) == 1;
    ERR_clear_error();
    if (signed_by) {
      return ParseCertificate(pem);
    }
  }
  return base::Fail(base::ErrorCode::kFailedPrecondition,
                    "pki.wrong_ca",
                    "the certificate was not issued by this CA; put all three files from one "
                    "issue there");
}

base::Result<std::vector<std::string>> SplitBundle(const std::string& pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  std::vector<std::string> parts;
  for (auto at = pem.find(kBegin); at != std::string::npos;) {
    const auto next = pem.find(kBegin, at + kBegin.size());
    parts.push_back(pem.substr(at, next == std::string::npos ? next : next - at));
    // Read all of them now: gRPC would silently leave out what it cannot read.
    ZW_TRY(ReadCertificate(parts.back()));
    at = next;
  }
  if (parts.empty()) {
    ZW_TRY(ReadCertificate(pem));
  }
  return parts;
}

std::string NewSerial() {
  std::array<unsigned char, 16> bytes{};
  ZW_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "no random numbers");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7FU) | 0x40U);  // positive, full length
  return base::Hex(bytes);
}

base::Result<CertificateInfo> ParseCertificate(const std::string& pem) {
  ZW_ASSIGN(const CertPtr owned, ReadCertificate(pem));
  X509* cert = owned.get();
  CertificateInfo info;
  info.subject = NameText(X509_get_subject_name(cert));
  info.organization = EntryText(X509_get_subject_name(cert), NID_organizationName);
  info.issuer = NameText(X509_get_issuer_name(cert));
  info.is_ca = X509_check_ca(cert) == 1;
  info.serial = NumberText(X509_get0_serialNumber(cert));
  info.key_id = IdText(X509_get0_subject_key_id(cert));
  info.issuer_key_id = IdText(X509_get0_authority_key_id(cert));
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
