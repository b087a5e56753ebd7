#include "base/text.h"
#include "rpc/channel.h"
#include "rpc/enrolment.h"
#include "rpc/status.h"
#include "rpc/tls.h"
#include "zoowarden/v1/enrol.grpc.pb.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>

namespace zoowarden::rpc {
namespace {

tl::unexpected<base::Error> NoListener(const std::string& address) {
  ERR_clear_error();
  return base::Fail(base::ErrorCode::kUnavailable,
                    "enrol.no_listener",
                    "nobody answers at " + address +
                        "; run 'zoowarden pki serve' where the CA is, and check the address");
}

std::string PemOf(X509* certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> text(BIO_new(BIO_s_mem()), &BIO_free_all);
  char* data = nullptr;
  if (PEM_write_bio_X509(text.get(), certificate) != 1) {
    return {};
  }
  const auto size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// The CA that the token names, as the listener shows it. Nothing is believed here but that digest,
// and nothing is said: the real connection is made with this CA afterwards.
base::Result<std::string> FetchCa(const std::string& address,
                                  const std::string& fingerprint,
                                  std::chrono::milliseconds deadline) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> connection(BIO_new_ssl_connect(context.get()),
                                                                 &BIO_free_all);
  SSL* tls = nullptr;
  BIO_get_ssl(connection.get(), &tls);
  BIO_set_nbio(connection.get(), 1);
  const int seconds = static_cast<int>(deadline.count() / 1000) + 1;
  constexpr int kPauseMs = 50;
  if (tls == nullptr || BIO_set_conn_hostname(connection.get(), address.c_str()) != 1 ||
      BIO_do_connect_retry(connection.get(), seconds, kPauseMs) != 1) {
    return NoListener(address);
  }
  const STACK_OF(X509)* shown = SSL_get_peer_cert_chain(tls);
  for (int i = 0; i < sk_X509_num(shown); ++i) {
    const std::string pem = PemOf(sk_X509_value(shown, i));
    if (const auto info = pki::ParseCertificate(pem);
        info && info->is_ca && info->fingerprint == fingerprint) {
      return pem;
    }
  }
  return base::Fail(base::ErrorCode::kUnauthenticated,
                    "enrol.other_ca",
                    "who answers at " + address +
                        " does not show the CA that the token names: somebody may be in between; "
                        "check the address, and that the token is of this CA");
}

}  // namespace

base::Result<pki::Enrolled> AskForCertificate(const std::string& address,
                                              const pki::Token& token,
                                              const std::string& request_pem,
                                              std::chrono::milliseconds deadline) {
  ForceTls13();
  ZW_ASSIGN(const auto ca_pem, FetchCa(address, token.ca_fingerprint, deadline));
  const auto channel = MakeChannelTo(
      address, pki::ListenerUri(token.identity.ensemble), MakeTrustingCredentials(ca_pem));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  v1::EnrolRequest request;
  request.set_token_id(token.id);
  request.set_secret(token.secret);
  request.set_request_pem(request_pem);
  v1::EnrolResponse reply;
  const auto status = v1::EnrolService::NewStub(channel)->Enrol(&context, request, &reply);
  if (!status.ok()) {
    return base::Fail(ToError(status).WithContext(address));
  }
  return pki::Enrolled{.certificate_pem = reply.certificate_pem(), .ca_pem = ca_pem};
}

}  // namespace zoowarden::rpc
