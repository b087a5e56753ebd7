#include "pki/signature.h"

#include "base/text.h"
#include "pki/openssl_adapter.h"
#include "pki/peer_judge.h"

#include <openssl/evp.h>

#include <chrono>
#include <optional>
#include <vector>

namespace zoowarden::pki {
namespace {

using ContextPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

constexpr std::string_view kDigits = "0123456789abcdef";

std::optional<std::vector<unsigned char>> FromHex(std::string_view text) {
  std::vector<unsigned char> bytes;
  if (text.size() % 2 != 0 || text.find_first_not_of(kDigits) != std::string_view::npos) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(
        static_cast<unsigned char>(kDigits.find(text[i]) << 4U | kDigits.find(text[i + 1])));
  }
  return bytes;
}

std::vector<unsigned char> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

base::Error Denied(std::string reason, const std::string& message) {
  return {base::ErrorCode::kPermissionDenied, std::move(reason), message};
}

// Whether the key of that certificate made the signature.
base::Status CheckBytes(const SignedText& signed_text, std::string_view text) {
  ZW_ASSIGN(const auto certificate, ReadCertificate(signed_text.certificate_pem));
  const auto signature = FromHex(signed_text.signature);
  const auto bytes = Bytes(text);
  const ContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  const bool good =
      signature && key != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(
          context.get(), signature->data(), signature->size(), bytes.data(), bytes.size()) == 1;
  return good ? base::Ok()
              : base::Fail(Denied("pki.wrong_signature",
                                  "the signature is not one over this by the key of its "
                                  "certificate; have it signed again"));
}

base::Status CheckWho(const CertificateInfo& info, const SignatureQuestion& question) {
  const auto identity = ParseIdentity(info.uris.size() == 1 ? info.uris.front() : "");
  if (!identity) {
    return base::Fail(
        Denied("pki.wrong_role",
               "certificate " + info.serial +
                   " names nobody of ours; sign with one that `zoowarden pki` issued"));
  }
  if (identity->role != question.role) {
    return base::Fail(Denied(
        "pki.wrong_role",
        "certificate " + info.serial + " is of role " + std::string(RoleName(identity->role)) +
            ", and " + std::string(RoleName(question.role)) + " is needed; sign with such a one"));
  }
  if (identity->ensemble != question.ensemble) {
    return base::Fail(Denied(
        "pki.wrong_ensemble",
        "certificate " + info.serial + " is of ensemble '" + base::Printable(identity->ensemble) +
            "', not '" + std::string(question.ensemble) + "'; sign with one of that ensemble"));
  }
  return base::Ok();
}

}  // namespace

base::Result<SignedText> SignText(const KeyPair& own, std::string_view text) {
  ZW_ASSIGN(const auto signer, ReadSigner(own));
  const auto bytes = Bytes(text);
  const ContextPtr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, signer.key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes.data(), bytes.size()) != 1) {
    return LibraryError("sign");
  }
  std::vector<unsigned char> signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) != 1) {
    return LibraryError("sign");
  }
  signature.resize(size);
  return SignedText{.certificate_pem = own.certificate_pem, .signature = base::Hex(signature)};
}

base::Result<CertificateInfo> CheckSignature(const SignatureQuestion& question, sys::Clock& clock) {
  const auto& pem = question.signed_text.certificate_pem;
  const auto issuer = FindIssuer(pem, question.ca_pem);
  if (!issuer) {
    return base::Fail(Denied(issuer.error().reason(), issuer.error().message()));
  }
  ZW_ASSIGN(auto info, ParseCertificate(pem));
  if (std::chrono::duration_cast<UnixTime>(clock.WallTime()) < info.not_before) {
    return base::Fail(Denied("pki.not_yet_valid",
                             "certificate " + info.serial +
                                 " is not valid yet; set the clock or sign with one that is"));
  }
  PeerJudge judge(question.ca_pem, question.crl, clock);
  if (const auto judged = judge.Judge(pem); !judged) {
    return base::Fail(Denied(judged.error().reason(), judged.error().message()));
  }
  ZW_TRY(CheckWho(info, question));
  ZW_TRY(CheckBytes(question.signed_text, question.text));
  return info;
}

}  // namespace zoowarden::pki
