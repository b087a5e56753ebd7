#include "pki/crl.h"

#include "base/text.h"
#include "pki/openssl_adapter.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <string_view>

namespace zoowarden::pki {
namespace {

using CrlPtr = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using RevokedPtr = std::unique_ptr<X509_REVOKED, Deleter<X509_REVOKED_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, Deleter<ASN1_TIME_free>>;
using KeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, Deleter<AUTHORITY_KEYID_free>>;

TimePtr TimeOf(UnixTime time) { return TimePtr(ASN1_TIME_set(nullptr, time.count())); }

base::Error Unreadable(const std::string& what) {
  return {base::ErrorCode::kInvalidArgument,
          "pki.crl_unreadable",
          "the revocation list " + what + "; make one with 'zoowarden pki crl'"};
}

bool AddRevoked(X509_CRL* list, const RevokedCertificate& revoked) {
  RevokedPtr entry(X509_REVOKED_new());
  const IntegerPtr serial = NumberOf(revoked.serial);
  const TimePtr when = TimeOf(revoked.when);
  if (serial == nullptr || X509_REVOKED_set_serialNumber(entry.get(), serial.get()) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), when.get()) != 1 ||
      X509_CRL_add0_revoked(list, entry.get()) != 1) {
    return false;
  }
  static_cast<void>(entry.release());  // the list's now
  return true;
}

bool AddNumber(X509_CRL* list, std::uint64_t number) {
  const IntegerPtr value(ASN1_INTEGER_new());
  return ASN1_INTEGER_set_uint64(value.get(), number) == 1 &&
         X509_CRL_add1_ext_i2d(list, NID_crl_number, value.get(), 0, 0) == 1;
}

bool AddIssuer(X509_CRL* list, X509* ca) {
  const ExtensionPtr issuer =
      MakeExtension(ca, nullptr, NID_authority_key_identifier, "keyid:always");
  return issuer != nullptr && X509_CRL_add_ext(list, issuer.get(), -1) == 1;
}

std::string IssuerOf(X509_CRL* list) {
  const KeyIdPtr id(static_cast<AUTHORITY_KEYID*>(
      X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nullptr, nullptr)));
  if (id == nullptr || id->keyid == nullptr) {
    return {};
  }
  const unsigned char* data = ASN1_STRING_get0_data(id->keyid);
  return base::Hex({data, data + ASN1_STRING_length(id->keyid)});
}

base::Result<Crl> Read(X509_CRL* list) {
  Crl crl{.issuer_key_id = IssuerOf(list)};
  const IntegerPtr number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
  if (crl.issuer_key_id.empty() || number == nullptr ||
      ASN1_INTEGER_get_uint64(&crl.number, number.get()) != 1 ||
      X509_CRL_get0_nextUpdate(list) == nullptr) {
    ERR_clear_error();
    return base::Fail(Unreadable("names no issuer, number or end"));
  }
  ZW_ASSIGN(crl.not_after, ToUnixTime(X509_CRL_get0_nextUpdate(list)));
  const STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(list);
  for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i) {
    crl.serials.insert(
        NumberText(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i))));
  }
  return crl;
}

// Whether one of the CAs, the one that the list names, has signed it.
base::Result<bool> IsSigned(X509_CRL* list, const Crl& crl, const std::vector<std::string>& cas) {
  for (const std::string& pem : cas) {
    ZW_ASSIGN(const CertificateInfo info, ParseCertificate(pem));
    ZW_ASSIGN(const CertPtr ca, ReadCertificate(pem));
    const bool good = info.is_ca && info.key_id == crl.issuer_key_id &&
                      X509_CRL_verify(list, X509_get0_pubkey(ca.get())) == 1;
    ERR_clear_error();
    if (good) {
      return true;
    }
  }
  return false;
}

}  // namespace

base::Result<std::string> MakeCrl(const KeyPair& ca, const CrlSpec& spec) {
  ZW_ASSIGN(const Signer signer, ReadSigner(ca));
  const CrlPtr owned(X509_CRL_new());
  X509_CRL* list = owned.get();
  bool good =
      X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
      X509_CRL_set_issuer_name(list, X509_get_subject_name(signer.certificate.get())) == 1 &&
      X509_CRL_set1_lastUpdate(list, TimeOf(spec.this_update).get()) == 1 &&
      X509_CRL_set1_nextUpdate(list, TimeOf(spec.not_after).get()) == 1 &&
      AddNumber(list, spec.number) && AddIssuer(list, signer.certificate.get());
  for (const auto& revoked : spec.revoked) {
    good = good && AddRevoked(list, revoked);
  }
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (!good || X509_CRL_sort(list) != 1 ||
      X509_CRL_sign(list, signer.key.get(), EVP_sha256()) == 0 ||
      PEM_write_bio_X509_CRL(text.get(), list) != 1) {
    return LibraryError("make a revocation list");
  }
  return TextOf(text.get());
}

base::Result<SignedCrls> ReadSignedCrls(const std::string& crl_pem, const std::string& ca_pem) {
  constexpr std::string_view kBegin = "-----BEGIN X509 CRL-----";
  ZW_ASSIGN(const auto cas, SplitBundle(ca_pem));
  SignedCrls crls;
  auto at = crl_pem.find(kBegin);
  if (at == std::string::npos) {
    return base::Fail(Unreadable("is none"));
  }
  while (at != std::string::npos) {
    const std::string part = crl_pem.substr(at);
    const CrlPtr list(PEM_read_bio_X509_CRL(BioOf(part).get(), nullptr, nullptr, nullptr));
    if (list == nullptr) {
      ERR_clear_error();
      return base::Fail(Unreadable("is damaged"));
    }
    ZW_ASSIGN(auto crl, Read(list.get()));
    ZW_ASSIGN(const bool is_signed, IsSigned(list.get(), crl, cas));
    if (is_signed) {
      crls.lists.push_back(std::move(crl));
    } else {
      crls.others = true;
    }
    at = crl_pem.find(kBegin, at + kBegin.size());
  }
  return crls;
}

base::Status CheckComplete(const SignedCrls& crls, const std::string& ca_pem) {
  ZW_ASSIGN(const auto cas, SplitBundle(ca_pem));
  for (const std::string& pem : cas) {
    ZW_ASSIGN(const CertificateInfo ca, ParseCertificate(pem));
    const auto about = std::count_if(crls.lists.begin(), crls.lists.end(), [&](const Crl& crl) {
      return crl.issuer_key_id == ca.key_id;
    });
    if (about == 0 && crls.others) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "pki.crl_foreign",
                        "the revocation list was not signed by the CA that is trusted here; make "
                        "one with that CA and 'zoowarden pki crl'");
    }
    if (about != 1) {
      return base::Fail(base::ErrorCode::kInvalidArgument,
                        "pki.crl_incomplete",
                        "there are " + std::to_string(about) +
                            " revocation lists of the trusted CA " + ca.fingerprint.substr(0, 16) +
                            " instead of one; put the list of each trusted CA into one file");
    }
  }
  return base::Ok();
}

base::Result<std::vector<Crl>> ParseCrls(const std::string& crl_pem, const std::string& ca_pem) {
  ZW_ASSIGN(SignedCrls crls, ReadSignedCrls(crl_pem, ca_pem));
  ZW_TRY(CheckComplete(crls, ca_pem));
  return std::move(crls.lists);
}

}  // namespace zoowarden::pki
