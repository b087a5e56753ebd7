#include "pki/request.h"

#include "pki/openssl_adapter.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <string_view>

namespace zoowarden::pki {
namespace {

using RequestPtr = std::unique_ptr<X509_REQ, Deleter<X509_REQ_free>>;

constexpr std::size_t kMaxRequest = 16 * 1024;

tl::unexpected<base::Error> Bad(const std::string& why) {
  ERR_clear_error();
  return base::Fail(
      base::ErrorCode::kInvalidArgument,
      "pki.bad_request",
      "the certificate request is refused: " + why + "; make one with 'zoowarden-agent enroll'");
}

bool IsP256(EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

// The request's public key.
base::Result<KeyPtr> KeyOf(const std::string& request_pem) {
  if (request_pem.size() > kMaxRequest) {
    return Bad("it is too large");
  }
  const RequestPtr request(
      PEM_read_bio_X509_REQ(BioOf(request_pem).get(), nullptr, nullptr, nullptr));
  if (request == nullptr) {
    return Bad("it cannot be read");
  }
  KeyPtr key(X509_REQ_get_pubkey(request.get()));
  if (key == nullptr || !IsP256(key.get())) {
    return Bad("its key is not an EC P-256 key");
  }
  if (X509_REQ_verify(request.get(), key.get()) != 1) {
    return Bad("it is not signed with its own key");
  }
  return key;
}

}  // namespace

base::Result<NewRequest> MakeRequest() {
  ZW_ASSIGN(const KeyPtr key, NewKey());
  const RequestPtr request(X509_REQ_new());
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0 ||
      PEM_write_bio_X509_REQ(text.get(), request.get()) != 1) {
    return LibraryError("make a certificate request");
  }
  NewRequest made{.request_pem = TextOf(text.get())};
  ZW_ASSIGN(made.key_pem, PrintKey(key.get()));
  return made;
}

base::Result<std::string> SignRequest(const KeyPair& ca,
                                      const std::string& request_pem,
                                      const CertificateSpec& spec) {
  ZW_ASSIGN(const KeyPtr key, KeyOf(request_pem));
  return SignKey(ca, key.get(), spec);
}

base::Status CheckRequest(const std::string& request_pem) {
  ZW_TRY(KeyOf(request_pem));
  return base::Ok();
}

}  // namespace zoowarden::pki
