#include "pki/openssl_adapter.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <mutex>
#include <utility>

namespace zoowarden::pki {
namespace {

// Without terminal conversion of the password prompt: an encrypted key is refused, not asked for.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

// Loading credentials reads the same two texts a dozen times, and OpenSSL 3.0 looks for a decoder
// anew each time, which is most of the work. Certificates are counted references and never changed
// once they are read.
class RecentCertificates {
 public:
  CertPtr Find(const std::string& pem) {
    const std::lock_guard lock(mutex_);
    for (const auto& [text, certificate] : kept_) {
      if (certificate != nullptr && text == pem) {
        return Share(certificate.get());
      }
    }
    return nullptr;
  }
  void Put(const std::string& pem, X509* certificate) {
    const std::lock_guard lock(mutex_);
    kept_[next_] = {pem, Share(certificate)};
    next_ = (next_ + 1) % kept_.size();
  }

 private:
  static CertPtr Share(X509* certificate) {
    X509_up_ref(certificate);
    return CertPtr(certificate);
  }

  std::mutex mutex_;
  std::array<std::pair<std::string, CertPtr>, 8> kept_;
  std::size_t next_ = 0;
};

// Never destroyed: threads of gRPC may outlive main.
RecentCertificates& RecentlyRead() {
  static auto& recent = *new RecentCertificates();
  return recent;
}

}  // namespace

tl::unexpected<base::Error> LibraryError(const char* doing) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return base::Fail(
      base::ErrorCode::kInternal,
      "pki.openssl",
      std::string("cannot ") + doing + ": " + text.data() + "; check the installation of OpenSSL");
}

BioPtr BioOf(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string TextOf(BIO* memory) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

base::Result<UnixTime> ToUnixTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    return LibraryError("read the time of a certificate");
  }
  return UnixTime(::timegm(&parts));
}

std::string NumberText(const ASN1_INTEGER* number) {
  const NumberPtr value(ASN1_INTEGER_to_BN(number, nullptr));
  char* text = value == nullptr ? nullptr : BN_bn2hex(value.get());
  std::string hexadecimal(text == nullptr ? "" : text);
  OPENSSL_free(text);
  std::transform(hexadecimal.begin(), hexadecimal.end(), hexadecimal.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return hexadecimal;
}

IntegerPtr NumberOf(const std::string& hexadecimal) {
  BIGNUM* number = nullptr;
  const auto digits = BN_hex2bn(&number, hexadecimal.c_str());
  const NumberPtr owned(number);
  if (digits <= 0 || static_cast<std::size_t>(digits) != hexadecimal.size()) {
    return nullptr;
  }
  return IntegerPtr(BN_to_ASN1_INTEGER(number, nullptr));
}

ExtensionPtr MakeExtension(X509* issuer, X509* subject, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, subject, nullptr, nullptr, 0);
  return ExtensionPtr(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
}

base::Result<CertPtr> ReadCertificate(const std::string& pem) {
  if (CertPtr known = RecentlyRead().Find(pem)) {
    return known;
  }
  CertPtr certificate(PEM_read_bio_X509(BioOf(pem).get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    ERR_clear_error();
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "pki.not_a_certificate",
                      "this is not a PEM certificate; make one with 'zoowarden pki issue'");
  }
  RecentlyRead().Put(pem, certificate.get());
  return certificate;
}

base::Result<KeyPtr> NewKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return LibraryError("make an EC P-256 key");
  }
  return key;
}

base::Result<std::string> PrintKey(EVP_PKEY* key) {
  const BioPtr text(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_PrivateKey(text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return LibraryError("print a key");
  }
  return TextOf(text.get());
}

KeyPtr ReadKeyOf(const X509* certificate, const std::string& pem) {
  KeyPtr key(PEM_read_bio_PrivateKey(BioOf(pem).get(), nullptr, &NoPassword, nullptr));
  if (key != nullptr && X509_check_private_key(certificate, key.get()) != 1) {
    key.reset();
  }
  ERR_clear_error();
  return key;
}

base::Result<Signer> ReadSigner(const KeyPair& ca) {
  Signer signer;
  ZW_ASSIGN(signer.certificate, ReadCertificate(ca.certificate_pem));
  signer.key = ReadKeyOf(signer.certificate.get(), ca.key_pem);
  if (signer.key == nullptr) {
    return base::Fail(base::ErrorCode::kFailedPrecondition,
                      "pki.wrong_key",
                      "the CA's key does not belong to its certificate; restore both from one "
                      "backup");
  }
  return signer;
}

}  // namespace zoowarden::pki
